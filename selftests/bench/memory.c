// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Adds up, from the kernel's allocation events with their stacks, the memory that the module
 * took while they were traced and still has: memory <trace.
 *
 * Counted is an allocation with a function of the module on its stack (whoever makes it on
 * the module's behalf, such as MTD and the driver core, included), and what devtmpfs made,
 * in its own thread, for the device nodes. An object of a slab counts with what the slab
 * reserves for it, pages that slabs are made of are not counted a second time. What
 * vmalloc() gives out counts with its pages; probes at __vmalloc_node_range() and vfree()
 * tell of it, since most of its pages come without an event. An allocation ends when it is
 * freed, wherever that is, or when its address is given out again.
 *
 * A line of the output is ROW BYTES ALLOCATIONS; memory.awk says what the rows are.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALLOCATIONS_MAX	(1 << 18)
#define PAGE_SIZE	4096ULL
#define MODULE		"[mtdlayer]"
#define DEVTMPFS	"kdevtmpfs-"
#define STACK_SIZE	8192

/* Where a row's allocations come from; the first row that fits counts. */
static const struct rule {
	const char *row;
	const char *function;	/* the beginning of its name; it is on the stack */
	uint64_t least;		/* bytes, and */
	uint64_t most;
	bool outside;		/* the function is not the module's */
} rules[] = {
	{ "nodes", "devtmpfs", 0, ~0ULL, true },
	{ "registering", "mtdlayer_layer_register", 0, ~0ULL, false },
	{ "verification", "mtdlayer_pool_alloc", 0, ~0ULL, false },
	{ "bitmaps", "mtdlayer_map_alloc", 0, ~0ULL, false },
	{ "manifest", "mtdl_load_manifest", 0, ~0ULL, false },
	{ "mtd_info", "mtdlayer_export_", 0, ~0ULL, false },
	{ "status", "mtdlayer_status_", 0, ~0ULL, false },
	{ "release", "mtdl_release_alloc", 0, ~0ULL, false },
	{ "changes", "mtdl_attach", 16 << 10, ~0ULL, false },
	{ "table", "mtdl_attach", 0, ~0ULL, false },
	{ "work", "mtdlayer_work_", 0, ~0ULL, false },
	{ "device", "mtdlayer_device_", 0, ~0ULL, false },
	{ "other", "", 0, ~0ULL, false },
};

#define ROWS	(sizeof(rules) / sizeof(rules[0]))

/** struct allocation - what is or was allocated */
struct allocation {
	uint64_t key;		/* address, or page frame number, by kind */
	char kind;		/* 'o'bject, 'p'ages, per-'c'pu, 'v'malloc */
	uint64_t bytes;
	unsigned int row;
};

/** struct event - one event of the trace */
struct event {
	char kind;		/* as above; 0: none that matters */
	bool frees;
	bool begins;		/* a vmalloc(), whose address comes later */
	uint64_t key;
	uint64_t bytes;
	bool devtmpfs;
	char task[24];
	char stack[STACK_SIZE];
};

static struct allocation allocations[ALLOCATIONS_MAX];
static size_t allocation_count;
static uint64_t live, peak;

/* The vmalloc() that has begun and whose address is not known yet. */
static struct event begun;

/* ---- reading the trace ---- */

static bool number_after(const char *line, const char *name, int base, uint64_t *to)
{
	const char *at = strstr(line, name);

	if (!at)
		return false;
	*to = strtoull(at + strlen(name), NULL, base);
	return true;
}

static bool is_event(const char *line, const char *name)
{
	const char *at = strstr(line, name);

	return at && at > line && at[-1] == ' ';
}

static void parse_pages(const char *line, struct event *event)
{
	uint64_t order = 0;

	if (number_after(line, "pfn=0x", 16, &event->key) &&
	    number_after(line, "order=", 10, &order))
		event->kind = 'p';
	event->bytes = PAGE_SIZE << order;
}

static void parse_vmalloc(const char *line, struct event *event)
{
	if (number_after(line, " size=", 16, &event->bytes))
		event->begins = true;
	else if (!number_after(line, " addr=", 16, &event->key))
		return;
	event->kind = 'v';
	event->frees = is_event(line, "vfree: ");
	event->bytes = (event->bytes + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
}

/* What the line says, its stack left empty. */
static void parse(const char *line, struct event *event)
{
	memset(event, 0, sizeof(*event));
	event->devtmpfs = strstr(line, DEVTMPFS);
	snprintf(event->task, sizeof(event->task), "%.*s", (int)sizeof(event->task) - 1, line);
	if (is_event(line, "mm_page_alloc: ")) {
		parse_pages(line, event);
	} else if (is_event(line, "mm_page_free: ")) {
		parse_pages(line, event);
		event->frees = true;
	} else if (is_event(line, "kfree: ") || is_event(line, "kmem_cache_free: ")) {
		if (number_after(line, " ptr=", 16, &event->key))
			event->kind = 'o';
		event->frees = true;
	} else if (is_event(line, "percpu_alloc_percpu: ")) {
		if (number_after(line, " ptr=", 16, &event->key) &&
		    number_after(line, "bytes_alloc=", 10, &event->bytes))
			event->kind = 'c';
	} else if (is_event(line, "percpu_free_percpu: ")) {
		if (number_after(line, " ptr=", 16, &event->key))
			event->kind = 'c';
		event->frees = true;
	} else if (is_event(line, "vmalloc: ") || is_event(line, "vmalloc_done: ") ||
		   is_event(line, "vfree: ")) {
		parse_vmalloc(line, event);
	} else if (number_after(line, " ptr=", 16, &event->key) &&
		   number_after(line, "bytes_alloc=", 10, &event->bytes)) {
		event->kind = 'o';
	}
}

/* ---- counting ---- */

/* Whether pages are counted already: as a slab's objects, per-CPU memory, a vmalloc(). */
static bool counted_elsewhere(const struct event *event)
{
	static const char * const inside[] = {
		"___slab_alloc+", "new_slab+", "allocate_slab+", "kmalloc_large", "kmalloc_order",
		"pcpu_", "vm_area_alloc_pages+", "__vmalloc_area_node+",
	};
	size_t i;

	if (event->kind != 'p')
		return false;
	for (i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
		if (strstr(event->stack, inside[i]))
			return true;
	return false;
}

/* Whether a function whose name begins so is on the stack: the module's, or one from outside. */
static bool has_function(const char *stack, const char *begin, bool outside)
{
	const char *at, *end, *module;

	for (at = strstr(stack, begin); at; at = strstr(at + 1, begin)) {
		end = strchr(at, '\n');
		module = strstr(at, MODULE);
		if (outside || (module && (!end || module < end)))
			return true;
	}
	return false;
}

static unsigned int row_of(const struct event *event)
{
	unsigned int i;

	for (i = 0; i < ROWS - 1; i++)
		if (event->bytes >= rules[i].least && event->bytes <= rules[i].most &&
		    has_function(event->stack, rules[i].function, rules[i].outside))
			break;
	return i;
}

static void end_allocation(char kind, uint64_t key)
{
	size_t i;

	for (i = allocation_count; i-- > 0;) {
		if (allocations[i].key != key || allocations[i].kind != kind)
			continue;
		live -= allocations[i].bytes;
		allocations[i] = allocations[--allocation_count];
		return;
	}
}

static void take(const struct event *event)
{
	struct allocation *allocation = &allocations[allocation_count];

	if (!event->kind)
		return;
	if (event->begins) {
		begun = *event;
		return;
	}
	if (event->kind == 'v' && !event->frees) {
		if (strcmp(event->task, begun.task))
			return;
		begun.key = event->key;
		event = &begun;
	}
	end_allocation(event->kind, event->key);
	if (event->frees || counted_elsewhere(event))
		return;
	if (!strstr(event->stack, MODULE) && !event->devtmpfs)
		return;
	if (allocation_count++ == ALLOCATIONS_MAX) {
		fprintf(stderr, "memory: more than %d allocations\n", ALLOCATIONS_MAX);
		exit(1);
	}
	allocation->key = event->key;
	allocation->kind = event->kind;
	allocation->bytes = event->bytes;
	allocation->row = row_of(event);
	live += event->bytes;
	if (live > peak)
		peak = live;
}

/* ---- the table ---- */

static void print_rows(void)
{
	uint64_t bytes[ROWS] = { 0 };
	unsigned int counts[ROWS] = { 0 };
	unsigned int i;
	size_t n;

	for (n = 0; n < allocation_count; n++) {
		bytes[allocations[n].row] += allocations[n].bytes;
		counts[allocations[n].row]++;
	}
	for (i = 0; i < ROWS; i++)
		printf("%s %llu %u\n", rules[i].row, (unsigned long long)bytes[i], counts[i]);
	printf("peak %llu 0\n", (unsigned long long)peak);
}

int main(void)
{
	static struct event event;
	char line[1024];
	bool any = false;

	while (fgets(line, sizeof(line), stdin)) {
		size_t room = sizeof(event.stack) - strlen(event.stack) - 1;

		if (!strncmp(line, "CPU:", 4) && strstr(line, "LOST")) {
			fprintf(stderr, "memory: the trace lost events: %s", line);
			return 1;
		}
		if (!strncmp(line, " => ", 4)) {
			strncat(event.stack, line, room);
			continue;
		}
		if (strstr(line, "<stack trace>"))
			continue;
		take(&event);
		parse(line, &event);
		any |= event.kind;
	}
	take(&event);
	if (!any) {
		fprintf(stderr, "memory: no allocation in the trace\n");
		return 1;
	}
	print_rows();
	return 0;
}
