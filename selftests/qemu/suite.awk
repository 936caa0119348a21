# SPDX-License-Identifier: GPL-2.0-or-later
# Reads the stanzas of sources.awk; keeps Debian's (own: the host's suite) and names suite `want` in them.

BEGIN {
	n = split(debian, uri)
	for (i = 1; i <= n; i++)
		known[uri[i]] = 1
	any = n > 0
}

# Repositories that carry Debian's suite names are not all Debian's; apt knows once it has read them.
function is_debian(uris,  n, part, i) {
	n = split(uris, part)
	for (i = 1; i <= n; i++) {
		sub(/\/*$/, "", part[i])
		if (!any || part[i] in known || part[i] ~ /^mirror/)
			return 1
	}
	return 0
}

# bookworm-security becomes trixie-security; unstable has neither security nor updates.
function translate(suites,  n, part, i, base, tail, out) {
	n = split(suites, part)
	for (i = 1; i <= n; i++) {
		base = part[i]
		tail = ""
		if (match(base, /-(security|updates)$/)) {
			tail = substr(base, RSTART)
			base = substr(base, 1, RSTART - 1)
		}
		if (base != own && base !~ /^(stable|oldstable|testing|unstable|sid)$/)
			continue
		if (tail != "" && want ~ /^(unstable|sid|experimental)$/)
			continue
		if (index(" " out " ", " " want tail " ") == 0)
			out = out (out == "" ? "" : " ") want tail
	}
	return out
}

function flush() {
	suites = translate(suites)
	if (suites != "" && components ~ /(^| )main( |$)/ && is_debian(uris))
		printf "Types: deb\nURIs: %s\nSuites: %s\nComponents: %s\n%s\n",
			uris, suites, components, rest
	uris = suites = components = rest = ""
}

/^URIs: / { uris = substr($0, 7); next }
/^Suites: / { suites = substr($0, 9); next }
/^Components: / { components = substr($0, 13); next }
/^$/ { flush(); next }
{ rest = rest $0 "\n" }
END { flush() }
