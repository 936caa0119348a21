// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads the layout out of a device tree, strictly: a mistake found here is a
 * mistake that never reaches a flash.
 */
#include <ctype.h>
#include <inttypes.h>
#include <libfdt.h>

#include "dtb.h"
#include "layout.h"

#define LAYERS_COMPATIBLE	"mtdlayer,layers"
#define PATH_TEXT		160

/** struct reader - what every step needs */
struct reader {
	const void *fdt;
	int parent;		/* the node with the layers */
	uint32_t address_cells;
	uint32_t size_cells;
	struct layout *layout;
	struct mtdl_reason *why;
};

static const char *node_path(const struct reader *r, int node, char path[static PATH_TEXT])
{
	if (fdt_get_path(r->fdt, node, path, PATH_TEXT))
		snprintf(path, PATH_TEXT, "%s", fdt_get_name(r->fdt, node, NULL));
	return path;
}

static uint64_t read_cells(const fdt32_t *cells, uint32_t count)
{
	uint64_t value = 0;

	while (count--)
		value = value << 32 | fdt32_to_cpu(*cells++);
	return value;
}

static int read_reg(const struct reader *r, int node, uint64_t *address, uint64_t *size)
{
	uint32_t want = (r->address_cells + r->size_cells) * sizeof(fdt32_t);
	char path[PATH_TEXT];
	const fdt32_t *reg;
	int len;

	reg = fdt_getprop(r->fdt, node, "reg", &len);
	if (!reg)
		return mtdl_fail(r->why, -EINVAL, "%s: has no reg: give its address and size in the flash",
				 node_path(r, node, path));
	if ((uint32_t)len != want)
		return mtdl_fail(r->why, -EINVAL, "%s: reg has %d bytes, %u address and %u size cells make %u",
				 node_path(r, node, path), len, r->address_cells, r->size_cells,
				 want);
	*address = read_cells(reg, r->address_cells);
	*size = read_cells(reg + r->address_cells, r->size_cells);
	if (!*size || *address + *size < *address)
		return mtdl_fail(r->why, -EINVAL, "%s: reg: size 0x%llx at 0x%llx is %s",
				 node_path(r, node, path), (unsigned long long)*size,
				 (unsigned long long)*address,
				 *size ? "beyond 64 bits" : "nothing");
	if (r->layout->size && *address + *size > r->layout->size)
		return mtdl_fail(r->why, -EINVAL, "%s: reg: ends at 0x%llx, the partition has 0x%llx bytes",
				 node_path(r, node, path), (unsigned long long)(*address + *size),
				 (unsigned long long)r->layout->size);
	return 0;
}

/* A property that holds exactly one string; NULL and no error: it is absent. */
static int read_string(const struct reader *r, int node, const char *name, const char **text)
{
	char path[PATH_TEXT];
	int len;

	*text = fdt_getprop(r->fdt, node, name, &len);
	if (!*text)
		return 0;
	if (len < 2 || strnlen(*text, len) + 1 != (size_t)len)
		return mtdl_fail(r->why, -EINVAL, "%s: %s is not one string",
				 node_path(r, node, path), name);
	return 0;
}

static bool is_layer_name(const char *name)
{
	if (!*name || strlen(name) > MTDL_NAME_SIZE)
		return false;
	for (; *name; name++) {
		if (!isalnum((unsigned char)*name) && !strchr("._-", *name))
			return false;
	}
	return true;
}

static const struct {
	const char *property;
	uint32_t policy;
} flags[] = {
	{ "mtdlayer,pinned", MTDL_POLICY_PINNED },
	{ "mtdlayer,lazy", MTDL_POLICY_LAZY },
	{ "mtdlayer,in-place", MTDL_POLICY_IN_PLACE },
	{ "mtdlayer,point", MTDL_POLICY_POINT },
};

#define FLAGS	(sizeof(flags) / sizeof(flags[0]))

static int read_overflow(const struct reader *r, int node, uint32_t *policy)
{
	const char *text;
	char path[PATH_TEXT];
	int err = read_string(r, node, "mtdlayer,overflow", &text);

	if (err || !text || !strcmp(text, "split"))
		return err;
	if (!strcmp(text, "move"))
		*policy |= MTDL_POLICY_OVERFLOW_MOVE;
	else if (!strcmp(text, "refuse"))
		*policy |= MTDL_POLICY_OVERFLOW_REFUSE;
	else
		return mtdl_fail(r->why, -EINVAL, "%s: mtdlayer,overflow is \"%s\": it must be \"split\", \"move\" or \"refuse\"",
				 node_path(r, node, path), text);
	return 0;
}

/* What each kind of node may say; NULL ends the list. */
static const char * const partition_properties[] = { "mtdlayer,block-size", NULL };
static const char * const table_properties[] = { NULL };
static const char * const layer_properties[] = {
	"mtdlayer,pinned", "mtdlayer,lazy", "mtdlayer,in-place", "mtdlayer,point",
	"mtdlayer,overflow", NULL
};

/* A misspelt policy must not be a policy that is silently not there. */
static int check_properties(const struct reader *r, int node, const char *kind,
			    const char * const *known)
{
	char path[PATH_TEXT];
	int property;

	fdt_for_each_property_offset(property, r->fdt, node) {
		const char *name;
		size_t i;

		if (!fdt_getprop_by_offset(r->fdt, property, &name, NULL) ||
		    strncmp(name, "mtdlayer,", 9))
			continue;
		for (i = 0; known[i] && strcmp(name, known[i]); i++)
			;
		if (!known[i])
			return mtdl_fail(r->why, -EINVAL, "%s: there is no %s property %s: is it misspelt?",
					 node_path(r, node, path), kind, name);
	}
	return 0;
}

static int read_flags(const struct reader *r, int node, uint32_t *policy)
{
	char path[PATH_TEXT];

	for (size_t i = 0; i < FLAGS; i++) {
		int len;

		if (!fdt_getprop(r->fdt, node, flags[i].property, &len))
			continue;
		if (len)
			return mtdl_fail(r->why, -EINVAL, "%s: %s is a flag and takes no value",
					 node_path(r, node, path), flags[i].property);
		*policy |= flags[i].policy;
	}
	return 0;
}

static int check_policy(const struct reader *r, int node, uint32_t policy)
{
	char path[PATH_TEXT];

	if ((policy & MTDL_POLICY_PINNED) &&
	    (policy & (MTDL_POLICY_LAZY | MTDL_POLICY_IN_PLACE | MTDL_POLICY_OVERFLOW_MOVE)))
		return mtdl_fail(r->why, -EINVAL, "%s: a layer with mtdlayer,pinned cannot also be lazy, in place or overflow by \"move\"",
				 node_path(r, node, path));
	return 0;
}

static int read_policy(const struct reader *r, int node, uint32_t *policy)
{
	int err = check_properties(r, node, "layer", layer_properties);

	*policy = 0;
	if (!err)
		err = read_flags(r, node, policy);
	if (!err)
		err = read_overflow(r, node, policy);
	return err ? err : check_policy(r, node, *policy);
}

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a < b + b_size && b < a + a_size;
}

static int check_against_others(const struct reader *r, int node,
				const struct layout_layer *layer)
{
	char path[PATH_TEXT];

	for (uint32_t i = 0; i < r->layout->layer_count; i++) {
		const struct layout_layer *other = &r->layout->layers[i];

		if (!strcmp(layer->name, other->name))
			return mtdl_fail(r->why, -EINVAL, "%s: label: a layer before it is called \"%s\" too",
					 node_path(r, node, path), layer->name);
		if (overlap(layer->address, layer->capacity, other->address, other->capacity))
			return mtdl_fail(r->why, -EINVAL, "%s: reg: 0x%llx bytes at 0x%llx overlap layer %s (0x%llx bytes at 0x%llx)",
					 node_path(r, node, path),
					 (unsigned long long)layer->capacity,
					 (unsigned long long)layer->address, other->name,
					 (unsigned long long)other->capacity,
					 (unsigned long long)other->address);
	}
	return 0;
}

static int read_layer(const struct reader *r, int node)
{
	struct layout_layer layer = { 0 };
	char path[PATH_TEXT];
	const char *label;
	int err;

	if (r->layout->layer_count == MTDL_LAYERS_MAX)
		return mtdl_fail(r->why, -EINVAL, "%s: one layer too many: %u are the limit",
				 node_path(r, node, path), MTDL_LAYERS_MAX);
	err = read_string(r, node, "label", &label);
	if (err)
		return err;
	if (!label)
		return mtdl_fail(r->why, -EINVAL, "%s: has no label: it is the layer's name",
				 node_path(r, node, path));
	if (!is_layer_name(label))
		return mtdl_fail(r->why, -EINVAL, "%s: label \"%s\" is no name for a layer: 1 to %u letters, digits, '.', '_' or '-'",
				 node_path(r, node, path), label, MTDL_NAME_SIZE);
	strcpy(layer.name, label);
	err = read_reg(r, node, &layer.address, &layer.capacity);
	if (!err)
		err = read_policy(r, node, &layer.policy);
	if (!err)
		err = check_against_others(r, node, &layer);
	if (!err)
		r->layout->layers[r->layout->layer_count++] = layer;
	return err;
}

static int read_table(const struct reader *r, int node)
{
	char path[PATH_TEXT];
	int err = check_properties(r, node, "table", table_properties);

	if (err)
		return err;
	if (r->layout->table_size)
		return mtdl_fail(r->why, -EINVAL, "%s: a second table area: there must be one",
				 node_path(r, node, path));
	return read_reg(r, node, &r->layout->table_offset, &r->layout->table_size);
}

static int read_children(const struct reader *r)
{
	char path[PATH_TEXT];
	int node, err = 0;

	fdt_for_each_subnode(node, r->fdt, r->parent) {
		const char *name = fdt_get_name(r->fdt, node, NULL);

		if (!strncmp(name, "layer@", 6))
			err = read_layer(r, node);
		else if (!strncmp(name, "table@", 6))
			err = read_table(r, node);
		else
			err = mtdl_fail(r->why, -EINVAL, "%s: is neither a table@ nor a layer@ node: it does not belong here",
					node_path(r, node, path));
		if (err)
			return err;
	}
	return 0;
}

static int check_whole(const struct reader *r)
{
	const struct layout *layout = r->layout;
	char path[PATH_TEXT];

	node_path(r, r->parent, path);
	if (!layout->table_size)
		return mtdl_fail(r->why, -EINVAL, "%s: has no table@ node: it says where the layer table goes",
				 path);
	if (!layout->layer_count)
		return mtdl_fail(r->why, -EINVAL, "%s: has no layer@ node: there must be 1 to %u",
				 path, MTDL_LAYERS_MAX);
	for (uint32_t i = 0; i < layout->layer_count; i++) {
		const struct layout_layer *layer = &layout->layers[i];

		if (overlap(layer->address, layer->capacity, layout->table_offset,
			    layout->table_size))
			return mtdl_fail(r->why, -EINVAL, "%s: layer %s (0x%llx bytes at 0x%llx) overlaps the table area (0x%llx bytes at 0x%llx)",
					 path, layer->name, (unsigned long long)layer->capacity,
					 (unsigned long long)layer->address,
					 (unsigned long long)layout->table_size,
					 (unsigned long long)layout->table_offset);
	}
	return 0;
}

static int read_board(const struct reader *r)
{
	const char *compatible;
	int len;

	compatible = fdt_getprop(r->fdt, 0, "compatible", &len);
	if (!compatible || !len || !*compatible)
		return mtdl_fail(r->why, -EINVAL, "/: has no compatible: its first string names the board that releases are for");
	if (strnlen(compatible, len) == (size_t)len || strlen(compatible) > MTDL_COMPATIBLE_SIZE)
		return mtdl_fail(r->why, -EINVAL, "/: compatible: the board's name has more than %u characters",
				 MTDL_COMPATIBLE_SIZE);
	strcpy(r->layout->compatible, compatible);
	return 0;
}

static int read_block_size(const struct reader *r)
{
	const fdt32_t *value;
	char path[PATH_TEXT];
	int len;
	int err = check_properties(r, r->parent, "partition", partition_properties);

	if (err)
		return err;
	value = fdt_getprop(r->fdt, r->parent, "mtdlayer,block-size", &len);
	if (!value)
		return 0;
	node_path(r, r->parent, path);
	if (len != sizeof(*value))
		return mtdl_fail(r->why, -EINVAL, "%s: mtdlayer,block-size has %d bytes, it must be one cell",
				 path, len);
	r->layout->block_size = fdt32_to_cpu(*value);
	if (!r->layout->block_size)
		return mtdl_fail(r->why, -EINVAL, "%s: mtdlayer,block-size is 0: leave it out to use the erase size",
				 path);
	return 0;
}

/* The partition's size, which is in the cells of the node around it. */
static int read_partition(struct reader *r)
{
	int around = fdt_parent_offset(r->fdt, r->parent);
	const struct reader outer = {
		.fdt = r->fdt,
		.address_cells = (uint32_t)fdt_address_cells(r->fdt, around),
		.size_cells = (uint32_t)fdt_size_cells(r->fdt, around),
		.layout = r->layout,
		.why = r->why,
	};
	uint64_t address, size;
	int err;

	if (!fdt_getprop(r->fdt, r->parent, "reg", NULL))
		return 0;
	if (outer.size_cells < 1 || outer.size_cells > 2 || outer.address_cells > 2)
		return 0;	/* a chip select, not an address range */
	err = read_reg(&outer, r->parent, &address, &size);
	if (!err)
		r->layout->size = size;
	return err;
}

static int find_layers(struct reader *r)
{
	int second;

	r->parent = fdt_node_offset_by_compatible(r->fdt, -1, LAYERS_COMPATIBLE);
	if (r->parent < 0)
		return mtdl_fail(r->why, -EINVAL, "no node has compatible \"%s\": it holds the table and the layers",
				 LAYERS_COMPATIBLE);
	second = fdt_node_offset_by_compatible(r->fdt, r->parent, LAYERS_COMPATIBLE);
	if (second >= 0)
		return mtdl_fail(r->why, -EINVAL, "two nodes have compatible \"%s\": give each flash a layout of its own",
				 LAYERS_COMPATIBLE);
	r->address_cells = (uint32_t)fdt_address_cells(r->fdt, r->parent);
	r->size_cells = (uint32_t)fdt_size_cells(r->fdt, r->parent);
	if (r->address_cells < 1 || r->address_cells > 2 || r->size_cells < 1 ||
	    r->size_cells > 2) {
		char path[PATH_TEXT];

		return mtdl_fail(r->why, -EINVAL, "%s: #address-cells and #size-cells must each be 1 or 2",
				 node_path(r, r->parent, path));
	}
	return 0;
}

int layout_read(struct layout *layout, const char *path, struct mtdl_reason *why)
{
	struct mtdl_reason inner = { 0 };
	struct reader r = { .layout = layout, .why = &inner };
	void *fdt;
	int err;

	memset(layout, 0, sizeof(*layout));
	err = dtb_load(&fdt, path, why);
	if (err)
		return err;
	r.fdt = fdt;
	err = read_board(&r);
	if (!err)
		err = find_layers(&r);
	if (!err)
		err = read_partition(&r);
	if (!err)
		err = read_block_size(&r);
	if (!err)
		err = read_children(&r);
	if (!err)
		err = check_whole(&r);
	free(fdt);
	return err ? mtdl_fail(why, err, "%s: %s", path, inner.text) : 0;
}

static int check_multiple(const char *what, uint64_t address, uint64_t size,
			  uint32_t block_size, struct mtdl_reason *why)
{
	if ((address | size) & (block_size - 1))
		return mtdl_fail(why, -EINVAL, "layout: %s: 0x%llx bytes at 0x%llx are not whole blocks of 0x%x bytes",
				 what, (unsigned long long)size, (unsigned long long)address,
				 block_size);
	return 0;
}

int layout_block_size(const struct layout *layout, uint32_t wanted, uint32_t *block_size,
		      struct mtdl_reason *why)
{
	uint32_t size = wanted ? wanted : layout->block_size;
	int err;

	*block_size = size;
	if (!size)
		return 0;
	if (wanted && layout->block_size && wanted != layout->block_size)
		return mtdl_fail(why, -EINVAL, "block size %u was asked for, the layout's mtdlayer,block-size is %u",
				 wanted, layout->block_size);
	if ((size & (size - 1)) || size < MTDL_BLOCK_SIZE_MIN || size > MTDL_BLOCK_SIZE_MAX)
		return mtdl_fail(why, -EINVAL, "block size %u: it must be a power of two from %u to %u",
				 size, MTDL_BLOCK_SIZE_MIN, MTDL_BLOCK_SIZE_MAX);
	err = check_multiple("table", layout->table_offset, layout->table_size, size, why);
	for (uint32_t i = 0; !err && i < layout->layer_count; i++)
		err = check_multiple(layout->layers[i].name, layout->layers[i].address,
				     layout->layers[i].capacity, size, why);
	return err;
}
