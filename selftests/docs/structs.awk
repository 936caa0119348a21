# SPDX-License-Identifier: GPL-2.0-or-later
# Reads C headers and writes a C program that prints the truth about the structs in them whose name
# matches `want`: a line "struct NAME SIZE", then "NAME OFFSET SIZE FIELD TYPE" per field, tabs between.

BEGIN {
	print "#include <stddef.h>"
	print "#include <stdio.h>"
	printf "%s", includes
	print "int main(void)\n{"
}

/^struct [a-z_]+ \{$/ && $2 ~ want {
	name = $2
	printf "\tprintf(\"struct\\t%s\\t%%zu\\n\", sizeof(struct %s));\n", name, name
	next
}
/^\};/ {
	name = ""
	next
}
name != "" && /;/ {
	sub(/\/\*.*/, "")
	sub(/;.*/, "")
	gsub(/^[ \t]+|[ \t]+$/, "")
	field = $NF
	type = $0
	sub(/[ \t]*[^ \t]+$/, "", type)
	shape = ""
	if (match(field, /\[.*\]/)) {
		shape = substr(field, RSTART, RLENGTH)
		field = substr(field, 1, RSTART - 1)
	}
	# an array is documented with the number of its elements, not with the macro
	count = shape == "" ? "" : "[%zu]"
	printf "\tprintf(\"%s\\t%%zu\\t%%zu\\t%s\\t%s%s\\n\", offsetof(struct %s, %s), sizeof(((struct %s *)0)->%s)%s);\n", \
		name, field, type, count, name, field, name, field, \
		shape == "" ? "" : ", sizeof(((struct " name " *)0)->" field ") / sizeof(((struct " name " *)0)->" field "[0])"
}

END {
	print "\treturn 0;\n}"
}
