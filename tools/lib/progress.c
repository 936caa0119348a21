// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Draws progress.
 *
 * The rate is that of the last few seconds, not of the whole work: flash is slower
 * where it must be erased, and what is left is what people ask about.  Only plain
 * characters are used, so that a serial console shows the same as a workstation.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "progress.h"
#include "size.h"

#define REDRAW_NS	100000000ULL	/* ten times a second */
#define SAMPLE_NS	500000000ULL
#define SAMPLES		16		/* the rate is over the last eight seconds */
#define NS_PER_S	1000000000ULL
#define BAR_MIN		8
#define BAR_MAX		40
#define WIDTH_DEFAULT	80
#define NUMBERS_ROOM	58	/* "100 %  1023 bytes of 1023 MiB  1023 KiB/s, 99:59 left" */
#define RATE_TEXT	64
#define LINE_TEXT	384
#define STEP_PERCENT	10

/* What was done at a moment. */
struct sample {
	uint64_t when;
	uint64_t done;
};

struct progress {
	FILE *out;
	const char *what;
	uint64_t total;
	uint64_t done;
	uint64_t started;
	uint64_t drawn;		/* when the bar was last drawn */
	unsigned int said;	/* percent, by plain lines */
	uint64_t said_at;	/* when */
	bool terminal;
	struct sample samples[SAMPLES];
	unsigned int sample_count;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static unsigned int percent(const struct progress *progress)
{
	if (progress->done >= progress->total)
		return 100;
	return (unsigned int)((double)progress->done * 100 / (double)progress->total);
}

/* Bytes a second from @since, 0 if that is not known yet. */
static uint64_t rate_since(const struct sample *since, uint64_t when, uint64_t done)
{
	if (when <= since->when || done <= since->done)
		return 0;
	return (uint64_t)((double)(done - since->done) * NS_PER_S / (double)(when - since->when));
}

static uint64_t recent_rate(const struct progress *progress, uint64_t now)
{
	unsigned int count = progress->sample_count;
	unsigned int oldest = count <= SAMPLES ? 0 : count % SAMPLES;

	return rate_since(&progress->samples[oldest], now, progress->done);
}

static uint64_t whole_rate(const struct progress *progress, uint64_t now)
{
	const struct sample start = { .when = progress->started };

	return rate_since(&start, now, progress->done);
}

static void take_sample(struct progress *progress, uint64_t now)
{
	unsigned int count = progress->sample_count;

	if (count && now - progress->samples[(count - 1) % SAMPLES].when < SAMPLE_NS)
		return;
	progress->samples[count % SAMPLES] =
		(struct sample){ .when = now, .done = progress->done };
	progress->sample_count++;
}

/* "3.1 MiB/s, 0:05 left"; empty while nothing is known. */
static void rate_text(const struct progress *progress, uint64_t now, char *text, size_t size)
{
	uint64_t rate = recent_rate(progress, now);
	uint64_t left = progress->total > progress->done ? progress->total - progress->done : 0;
	char bytes[SIZE_TEXT];
	uint64_t seconds;

	*text = '\0';
	if (!rate)
		return;
	seconds = (left + rate - 1) / rate;
	if (seconds < 3600)
		snprintf(text, size, "%s/s, %" PRIu64 ":%02" PRIu64 " left", size_text(rate, bytes),
			 seconds / 60, seconds % 60);
	else
		snprintf(text, size, "%s/s, %" PRIu64 ":%02" PRIu64 ":%02" PRIu64 " left",
			 size_text(rate, bytes), seconds / 3600, seconds / 60 % 60, seconds % 60);
}

static unsigned int terminal_width(FILE *out)
{
	struct winsize size;

	if (ioctl(fileno(out), TIOCGWINSZ, &size) || !size.ws_col)
		return WIDTH_DEFAULT;
	return size.ws_col;
}

/* "[####----] "; empty where the terminal is too narrow for one. */
static void bar_text(const struct progress *progress, unsigned int width, unsigned int others,
		     char text[static BAR_MAX + 4])
{
	unsigned int cells, full;

	*text = '\0';
	if (width < others + BAR_MIN)
		return;
	cells = width - others > BAR_MAX ? BAR_MAX : width - others;
	full = cells * percent(progress) / 100;
	text[0] = '[';
	memset(text + 1, '#', full);
	memset(text + 1 + full, '-', cells - full);
	memcpy(text + 1 + cells, "] ", 3);
}

/* One redraw, in one write; what a narrow terminal has no room for is left out. */
static void draw_bar(struct progress *progress, uint64_t now)
{
	char done[SIZE_TEXT], total[SIZE_TEXT], rate[RATE_TEXT], numbers[192], bar[BAR_MAX + 4];
	char line[LINE_TEXT];
	unsigned int width = terminal_width(progress->out) - 1;

	rate_text(progress, now, rate, sizeof(rate));
	snprintf(numbers, sizeof(numbers), "%3u %%  %s of %s%s%s", percent(progress),
		 size_text(progress->done, done), size_text(progress->total, total),
		 *rate ? "  " : "", rate);
	/* room for the longest numbers, so that the bar's length does not jump */
	bar_text(progress, width, (unsigned int)strlen(progress->what) + NUMBERS_ROOM, bar);
	snprintf(line, sizeof(line), "%s  %s%s", progress->what, bar, numbers);
	fprintf(progress->out, "\r%.*s\033[K", (int)width, line);
	fflush(progress->out);
	progress->drawn = now;
}

/* A line at the first update that reaches each tenth, but no flood of them for short work. */
static void say_step(struct progress *progress, uint64_t now)
{
	unsigned int step = percent(progress) / STEP_PERCENT * STEP_PERCENT;
	char done[SIZE_TEXT], total[SIZE_TEXT], rate[RATE_TEXT];

	if (step <= progress->said || step >= 100 || now - progress->said_at < NS_PER_S)
		return;
	progress->said = step;
	progress->said_at = now;
	rate_text(progress, now, rate, sizeof(rate));
	fprintf(progress->out, "%s: %u %%, %s of %s%s%s\n", progress->what, step,
		size_text(progress->done, done), size_text(progress->total, total),
		*rate ? ", " : "", rate);
	fflush(progress->out);
}

struct progress *progress_begin(FILE *out, const char *what, uint64_t total_bytes)
{
	struct progress *progress;
	const char *term = getenv("TERM");
	char total[SIZE_TEXT];

	progress = out ? calloc(1, sizeof(*progress)) : NULL;
	if (!progress)
		return NULL;
	progress->out = out;
	progress->what = what;
	progress->total = total_bytes;
	progress->started = now_ns();
	progress->said_at = progress->started;
	progress->terminal = isatty(fileno(out)) && !(term && !strcmp(term, "dumb"));
	take_sample(progress, progress->started);
	if (progress->terminal) {
		draw_bar(progress, progress->started);
	} else {
		fprintf(out, "%s: %s\n", what, size_text(total_bytes, total));
		fflush(out);
	}
	return progress;
}

void progress_update(struct progress *progress, uint64_t done_bytes)
{
	uint64_t now;

	if (!progress)
		return;
	now = now_ns();
	progress->done = done_bytes;
	take_sample(progress, now);
	if (!progress->terminal)
		say_step(progress, now);
	else if (now - progress->drawn >= REDRAW_NS)
		draw_bar(progress, now);
}

void progress_end(struct progress *progress, bool ok)
{
	char done[SIZE_TEXT], total[SIZE_TEXT], rate[SIZE_TEXT];
	uint64_t now, ms;

	if (!progress)
		return;
	now = now_ns();
	ms = (now - progress->started) / 1000000;
	if (progress->terminal)
		fputs("\r\033[K", progress->out);
	if (ok) {
		uint64_t average = whole_rate(progress, now);

		fprintf(progress->out, "%s: done, %s in %" PRIu64 ".%" PRIu64 " s", progress->what,
			size_text(progress->done, done), ms / 1000, ms % 1000 / 100);
		if (average)
			fprintf(progress->out, " (%s/s)", size_text(average, rate));
		fputc('\n', progress->out);
	} else {
		fprintf(progress->out, "%s: stopped at %u %%, %s of %s\n", progress->what,
			percent(progress), size_text(progress->done, done),
			size_text(progress->total, total));
	}
	fflush(progress->out);
	free(progress);
}
