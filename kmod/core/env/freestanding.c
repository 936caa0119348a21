// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * What a boot loader's environment lacks: an arena, and a formatter.
 */
#include "freestanding.h"

static u8 *arena;
static size_t arena_left;

void mtdl_arena_set(void *memory, size_t size)
{
	arena = memory;
	arena_left = size;
}

void *mtdl_alloc(size_t size)
{
	size_t padded = (size + 7) & ~(size_t)7;
	void *p = arena;

	if (padded < size || padded > arena_left)
		return NULL;
	arena += padded;
	arena_left -= padded;
	memset(p, 0, padded);
	return p;
}

struct text {
	char *at;
	size_t left;		/* room, the NUL not counted */
};

static void put_char(struct text *t, char c)
{
	if (!t->left)
		return;
	*t->at++ = c;
	t->left--;
}

static void put_string(struct text *t, const char *s, size_t most)
{
	while (most-- && *s)
		put_char(t, *s++);
}

static void put_number(struct text *t, u64 number, bool hex, unsigned int width)
{
	char digits[20];
	unsigned int n = 0;

	do {
		/* long division by ten, without the compiler's 64-bit helper */
		u64 quotient = 0;
		u32 rest = 0;
		int bit;

		for (bit = 63; bit >= 0; bit--) {
			rest = rest << 1 | (number >> bit & 1);
			quotient <<= 1;
			if (rest >= (hex ? 16U : 10U)) {
				rest -= hex ? 16U : 10U;
				quotient |= 1;
			}
		}
		digits[n++] = "0123456789abcdef"[rest];
		number = quotient;
	} while (number);
	while (width-- > n)
		put_char(t, '0');
	while (n)
		put_char(t, digits[--n]);
}

static void put_int(struct text *t, int number)
{
	if (number < 0)
		put_char(t, '-');
	put_number(t, number < 0 ? -(u64)number : (u64)number, false, 0);
}

/* One conversion, behind its '%'; returns what follows it. */
static const char *convert(struct text *t, const char *fmt, va_list *args)
{
	unsigned int width = 0;
	size_t most = ~(size_t)0;
	bool wide = false;

	if (fmt[0] == '0')
		while (*++fmt >= '0' && *fmt <= '9')
			width = 10 * width + (unsigned int)(*fmt - '0');
	if (fmt[0] == '.' && fmt[1] == '*') {
		most = (size_t)va_arg(*args, int);
		fmt += 2;
	}
	while (*fmt == 'l') {
		wide = true;
		fmt++;
	}
	switch (*fmt) {
	case 's':
		put_string(t, va_arg(*args, const char *), most);
		break;
	case 'c':
		put_char(t, (char)va_arg(*args, int));
		break;
	case 'd':
		put_int(t, va_arg(*args, int));
		break;
	case 'u':
	case 'x':
		put_number(t, wide ? va_arg(*args, unsigned long long) :
			   va_arg(*args, unsigned int), *fmt == 'x', width);
		break;
	case '\0':
		return fmt;
	default:
		put_char(t, *fmt);
	}
	return fmt + 1;
}

int mtdl_vsnprintf(char *to, size_t size, const char *fmt, va_list args)
{
	struct text t = { .at = to, .left = size ? size - 1 : 0 };
	va_list rest;

	va_copy(rest, args);
	while (*fmt) {
		if (*fmt != '%')
			put_char(&t, *fmt++);
		else
			fmt = convert(&t, fmt + 1, &rest);
	}
	va_end(rest);
	if (size)
		*t.at = '\0';
	return (int)(t.at - to);
}
