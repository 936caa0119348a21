# SPDX-License-Identifier: GPL-2.0-or-later
# Makes the table of attach times from the guest's results.

$1 == "ubi" { ubi[$2] = $3; ubi_span[$2] = $4 " to " $5; sizes[++count] = $2 }
$1 == "reads" { reads[$2, $3, $4] = $5 }
$1 == "layers" { ms[$2, $3, $4] = $5; span[$2, $3, $4] = $6 " to " $7 }

function row(mib, layers, table) {
	printf "%6d MiB  %6d  %-5s  %9.1f  %9.1f  %14.1f  %11d  %s\n", mib, layers, table, ubi[mib],
		ms[mib, layers, table], ubi[mib] / ms[mib, layers, table],
		reads[mib, layers, table], span[mib, layers, table]
}

END {
	print "Attach of a full NAND flash (nandsim, 2 KiB pages, 128 KiB eraseblocks), milliseconds, medians"
	print ""
	printf "%10s  %6s  %-5s  %9s  %9s  %14s  %11s  %s\n", "flash", "layers", "table", "UBI",
		"mtdlayer", "UBI / mtdlayer", "pages read", "mtdlayer, least to most"
	for (i = 1; i <= count; i++) {
		row(sizes[i], 4, "short")
		row(sizes[i], 4, "full")
	}
	row(1024, 64, "short")
	row(1024, 64, "full")
	print ""
	printf "UBI (without fastmap), least to most:"
	for (i = 1; i <= count; i++)
		printf "%s %d MiB %s", (i > 1 ? "," : ""), sizes[i], ubi_span[sizes[i]]
	print "."
	print "Table short: one snapshot in every unit, as boots and small upgrades leave it; full: every"
	print "unit full of snapshots, as one long upgrade leaves it, the most that attach may have to read."
	print "The processor executes 250 million instructions a second."
	printf "Goal: 1/100 of UBI at 1 GiB: %s (short 1/%.0f, full 1/%.0f). Flat: 1 GiB takes %.1f (short)\n",
		(100 * ms[1024, 4, "full"] <= ubi[1024] ? "met" : "NOT met"),
		ubi[1024] / ms[1024, 4, "short"], ubi[1024] / ms[1024, 4, "full"],
		ms[1024, 4, "short"] / ms[64, 4, "short"]
	printf "and %.1f (full) times as long as 64 MiB; UBI takes %.1f times as long.\n",
		ms[1024, 4, "full"] / ms[64, 4, "full"], ubi[1024] / ubi[64]
}
