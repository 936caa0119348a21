# SPDX-License-Identifier: GPL-2.0-or-later
# Makes the table of an attached device's kernel memory from the guest's results.

BEGIN {
	order = "table release device work status manifest changes bitmaps mtd_info verification registering nodes other"
	name["table"] = "state of the table"
	name["release"] = "active release: layers and their maps"
	name["device"] = "device, its node, its per-CPU reader counts"
	name["work"] = "background work (bitmaps of blocks to move)"
	name["status"] = "what netlink shows"
	name["manifest"] = "manifest with the digests of all blocks"
	name["changes"] = "buffers for changes (a block, half a table unit)"
	name["bitmaps"] = "bitmaps of verified blocks"
	name["mtd_info"] = "struct mtd_info of 64 layers"
	name["verification"] = "verification buffers"
	name["registering"] = "MTD's and the driver core's, for 64 MTD devices"
	name["nodes"] = "nodes of 64 MTD devices in devtmpfs"
	name["other"] = "other"
	goal = 64
}

$1 == "memory" { bytes[$2] = $3; count[$2] = $4 }

function row(what) {
	printf "  %-50s %9.1f  %7d\n", name[what], bytes[what] / 1024, count[what]
}

END {
	print "Kernel memory of an attached device: 1 GiB NAND, 64 layers, all blocks used, idle"
	print ""
	printf "  %-50s %9s  %7s\n", "", "KiB", "objects"
	n = split(order, rows, " ")
	for (i = 1; i <= n; i++) {
		row(rows[i])
		all += bytes[rows[i]]
	}
	own = all - bytes["registering"] - bytes["nodes"]
	counted = own - bytes["verification"]
	print ""
	printf "  %-50s %9.1f\n", "all", all / 1024
	printf "  %-50s %9.1f\n", "of this, allocated by mtdlayer itself", own / 1024
	printf "  %-50s %9.1f\n", "of this, beside verification buffers", counted / 1024
	printf "  %-50s %9.1f\n", "most at any moment of the attach, all", bytes["peak"] / 1024
	print ""
	printf "Goal: %d KiB beside verification buffers: %s.\n", goal,
		(counted <= goal * 1024 ? "met" : "NOT met")
	print "Each MTD device costs what any MTD device of this kernel does (sysfs, nvmem, debugfs, character"
	print "devices); Debian's kernel has all of these. Objects count with what the allocator reserves."
}
