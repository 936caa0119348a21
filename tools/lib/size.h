/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sizes and numbers as people type and read them, and digests as text.
 */
#ifndef LAYERCTL_SIZE_H
#define LAYERCTL_SIZE_H

#include <stdint.h>

#include "../../kmod/core/reason.h"

#define SIZE_TEXT	24	/* room for any size_text() */
#define HEX_TEXT	65	/* room for a whole digest */
#define UUID_TEXT	37

/**
 * size_parse() - a number of bytes: decimal or 0x..., with K, M or G for powers of 1024
 * @text: what was typed
 * @what: what it is for, in the error's sentence ("--size")
 * @size: filled in
 * @why: reason of a refusal
 *
 * Return: 0 or -EINVAL.
 */
int size_parse(const char *text, const char *what, uint64_t *size, struct mtdl_reason *why);

/** number_parse() - a number from @least to @limit, decimal or 0x...; as size_parse() */
int number_parse(const char *text, const char *what, uint32_t least, uint32_t limit,
		 uint32_t *number, struct mtdl_reason *why);

/** size_text() - the shortest exact or one-digit form: "64 KiB", "1.4 MiB"; returns @text */
const char *size_text(uint64_t size, char text[static SIZE_TEXT]);

/** hex_text() - the first @len bytes as hexadecimal digits; returns @text */
const char *hex_text(const uint8_t *bytes, unsigned int len, char text[static HEX_TEXT]);

/** uuid_text() - 8-4-4-4-12; returns @text */
const char *uuid_text(const uint8_t uuid[static 16], char text[static UUID_TEXT]);

/** uuid_parse() - 32 hexadecimal digits, hyphens anywhere between; 0 or -EINVAL */
int uuid_parse(const char *text, uint8_t uuid[static 16], struct mtdl_reason *why);

#endif
