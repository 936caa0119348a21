# SPDX-License-Identifier: GPL-2.0-or-later
# Turns apt sources of either format into deb822 stanzas of a fixed set of fields.

function flush(  i) {
	if (("types" in field) && field["types"] ~ /(^| )deb( |$)/ && field["enabled"] !~ /^(no|false)/)
		emit(field["uris"], field["suites"], field["components"], field["signed-by"])
	delete field
	last = ""
}

function emit(uris, suites, components, key) {
	print "URIs: " uris
	print "Suites: " suites
	print "Components: " components
	if (key != "")
		print "Signed-By: " key
	print ""
}

# deb [ option=value ... ] URI SUITE COMPONENT...
function one_line(line,  options, key, n, part, i, components) {
	sub(/[ \t]*#.*/, "", line)
	if (match(line, /\[[^]]*\]/)) {
		options = " " substr(line, RSTART + 1, RLENGTH - 2) " "
		line = substr(line, 1, RSTART - 1) " " substr(line, RSTART + RLENGTH)
		if (match(options, /[ ]signed-by=[^ ]*/))
			key = substr(options, RSTART + 11, RLENGTH - 11)
		gsub(/,/, " ", key)
	}
	n = split(line, part, /[ \t]+/)
	for (i = 4; i <= n; i++)
		components = components (i > 4 ? " " : "") part[i]
	if (n >= 4 && components != "")
		emit(part[2], part[3], components, key)
}

FNR == 1 { flush() }

FILENAME ~ /\.list$/ {
	if ($1 == "deb")
		one_line($0)
	next
}

/^#/ { next }
/^[ \t]*$/ { flush(); next }
# a field goes on in lines that begin with a space: an embedded key keeps its lines
/^[ \t]/ {
	field[last] = field[last] (last == "signed-by" ? "\n" $0 : " " $0)
	next
}
{
	last = tolower(substr($0, 1, index($0, ":") - 1))
	field[last] = substr($0, index($0, ":") + 1)
	gsub(/^[ \t]+|[ \t]+$/, "", field[last])
}

END { flush() }
