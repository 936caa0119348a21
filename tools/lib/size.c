// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sizes, numbers and digests: from text and to text.
 */
#include <ctype.h>
#include <inttypes.h>

#include "size.h"

static int shift_of(const char *suffix)
{
	static const char *const forms[][3] = {
		{ "K", "KiB", "k" }, { "M", "MiB", "m" }, { "G", "GiB", "g" },
	};

	if (!*suffix)
		return 0;
	for (int i = 0; i < 3; i++) {
		for (int j = 0; j < 3; j++) {
			if (!strcmp(suffix, forms[i][j]))
				return 10 * (i + 1);
		}
	}
	return -1;
}

int size_parse(const char *text, const char *what, uint64_t *size, struct mtdl_reason *why)
{
	unsigned long long value;
	char *end;
	int shift;

	errno = 0;
	value = strtoull(text, &end, 0);
	shift = shift_of(end);
	if (!isdigit((unsigned char)*text) || end == text || shift < 0)
		return mtdl_fail(why, -EINVAL, "%s: \"%s\" is not a size: give bytes, or a number with K, M or G",
				 what, text);
	if (errno || value > UINT64_MAX >> shift)
		return mtdl_fail(why, -EINVAL, "%s: %s is larger than any flash: at most 64 bits of bytes",
				 what, text);
	*size = (uint64_t)value << shift;
	return 0;
}

int number_parse(const char *text, const char *what, uint32_t least, uint32_t limit,
		 uint32_t *number, struct mtdl_reason *why)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (!isdigit((unsigned char)*text) || *end || errno || value < least ||
	    value > limit)
		return mtdl_fail(why, -EINVAL, "%s: \"%s\" is not a number from %u to %u", what,
				 text, least, limit);
	*number = (uint32_t)value;
	return 0;
}

const char *size_text(uint64_t size, char text[static SIZE_TEXT])
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	unsigned int unit = 0;
	uint64_t rest = 0;

	while (size >= 1024 && unit < 6) {
		rest = (rest > 0) | (size & 1023) << 1; /* keeps "not exact" visible */
		size >>= 10;
		unit++;
	}
	if (!rest || size >= 100)
		snprintf(text, SIZE_TEXT, "%" PRIu64 " %s", size, units[unit]);
	else
		snprintf(text, SIZE_TEXT, "%" PRIu64 ".%" PRIu64 " %s", size, (rest >> 1) * 10 / 1024,
			 units[unit]);
	return text;
}

const char *hex_text(const uint8_t *bytes, unsigned int len, char text[static HEX_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	unsigned int i;

	for (i = 0; i < len && 2 * i + 2 < HEX_TEXT; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	text[2 * i] = '\0';
	return text;
}

const char *uuid_text(const uint8_t uuid[static 16], char text[static UUID_TEXT])
{
	char *out = text;

	for (unsigned int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		out += sprintf(out, "%02x", uuid[i]);
	}
	return text;
}

int uuid_parse(const char *text, uint8_t uuid[static 16], struct mtdl_reason *why)
{
	static const char digits[] = "0123456789abcdef";
	unsigned int count = 0;

	for (const char *c = text; *c; c++) {
		const char *digit = strchr(digits, tolower((unsigned char)*c));

		if (*c == '-')
			continue;
		if (!digit || count == 32)
			goto err;
		uuid[count / 2] = (uint8_t)(uuid[count / 2] << 4 | (digit - digits));
		count++;
	}
	if (count == 32)
		return 0;
err:
	return mtdl_fail(why, -EINVAL, "--uuid: \"%s\" is not a UUID: 32 hexadecimal digits with hyphens",
			 text);
}
