// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Puts a view together from the kernel's answers.
 *
 * Three questions are needed, and an upgrade may go on between them: the device is
 * asked for first and last, and all is asked again until both answers agree.
 */
#include "view.h"
#include "view_kernel.h"

#define TRIES	20

/* A view under construction. */
struct builder {
	struct view *view;
	uint32_t room;		/* for extents */
	const char *missing;	/* an answer lacks this, or contradicts another */
};

static const struct nla_policy device_policy[MTDLAYER_A_DEVICE_MAX + 1] = {
	[MTDLAYER_A_DEVICE_INDEX]		= { .type = NLA_U32 },
	[MTDLAYER_A_DEVICE_MTD_INDEX]		= { .type = NLA_U32 },
	[MTDLAYER_A_DEVICE_MTD_NAME]		= { .type = NLA_STRING },
	[MTDLAYER_A_DEVICE_COMPATIBLE]		= { .type = NLA_STRING },
	[MTDLAYER_A_DEVICE_UUID]		= { .minlen = 16 },
	[MTDLAYER_A_DEVICE_FLASH_SIZE]		= { .type = NLA_U64 },
	[MTDLAYER_A_DEVICE_ERASE_SIZE]		= { .type = NLA_U32 },
	[MTDLAYER_A_DEVICE_WRITE_SIZE]		= { .type = NLA_U32 },
	[MTDLAYER_A_DEVICE_BLOCK_SIZE]		= { .type = NLA_U32 },
	[MTDLAYER_A_DEVICE_UNIT_SIZE]		= { .type = NLA_U32 },
	[MTDLAYER_A_DEVICE_BLOCK_COUNT]		= { .type = NLA_U32 },
	[MTDLAYER_A_DEVICE_TABLE_START]		= { .type = NLA_U32 },
	[MTDLAYER_A_DEVICE_TABLE_BLOCKS]	= { .type = NLA_U32 },
	[MTDLAYER_A_DEVICE_EPOCH]		= { .type = NLA_U32 },
	[MTDLAYER_A_DEVICE_WRITE]		= { .type = NLA_U32 },
	[MTDLAYER_A_DEVICE_STATE]		= { .type = NLA_U32 },
	[MTDLAYER_A_DEVICE_READ_ONLY]		= { .type = NLA_STRING },
	[MTDLAYER_A_DEVICE_DAMAGED_UNITS]	= { .type = NLA_U32 },
	[MTDLAYER_A_DEVICE_FREE_BLOCKS]		= { .type = NLA_U32 },
	[MTDLAYER_A_DEVICE_BAD_BLOCKS]		= { .type = NLA_U32 },
	[MTDLAYER_A_DEVICE_SECURITY_FLOOR]	= { .type = NLA_U32 },
	[MTDLAYER_A_DEVICE_ATTEMPTS_MAX]	= { .type = NLA_U32 },
	[MTDLAYER_A_DEVICE_ATTEMPTS_USED]	= { .type = NLA_U32 },
	[MTDLAYER_A_DEVICE_BLOCKS_WANTED]	= { .type = NLA_U32 },
	[MTDLAYER_A_DEVICE_OUTCOME]		= { .type = NLA_U32 },
	[MTDLAYER_A_DEVICE_OUTCOME_ERROR]	= { .type = NLA_U32 },
	[MTDLAYER_A_DEVICE_OUTCOME_ATTEMPTS]	= { .type = NLA_U32 },
	[MTDLAYER_A_DEVICE_OUTCOME_RELEASE]	= { .type = NLA_STRING },
	[MTDLAYER_A_DEVICE_OUTCOME_DIGEST]	= { .minlen = MTDL_DIGEST_SIZE },
	[MTDLAYER_A_DEVICE_ACTIVE]		= { .type = NLA_NESTED },
	[MTDLAYER_A_DEVICE_CANDIDATE]		= { .type = NLA_NESTED },
	[MTDLAYER_A_DEVICE_EXPOSED]		= { .type = NLA_NESTED },
	[MTDLAYER_A_DEVICE_RESERVE]		= { .type = NLA_U32 },
	[MTDLAYER_A_DEVICE_RESERVE_LEFT]	= { .type = NLA_U32 },
	[MTDLAYER_A_DEVICE_SPARE_LOW]		= { .type = NLA_FLAG },
	[MTDLAYER_A_DEVICE_SETTLEABLE]		= { .type = NLA_U32 },
	[MTDLAYER_A_DEVICE_WORK]		= { .type = NLA_U32 },
	[MTDLAYER_A_DEVICE_LAST_ERROR]		= { .type = NLA_STRING },
};

static const struct nla_policy release_policy[MTDLAYER_A_RELEASE_MAX + 1] = {
	[MTDLAYER_A_RELEASE_NAME]		= { .type = NLA_STRING },
	[MTDLAYER_A_RELEASE_DIGEST]		= { .minlen = MTDL_DIGEST_SIZE },
	[MTDLAYER_A_RELEASE_SECURITY_COUNTER]	= { .type = NLA_U32 },
	[MTDLAYER_A_RELEASE_LAYER_COUNT]	= { .type = NLA_U32 },
	[MTDLAYER_A_RELEASE_BLOCKS]		= { .type = NLA_U32 },
};

static const struct nla_policy layer_policy[MTDLAYER_A_LAYER_MAX + 1] = {
	[MTDLAYER_A_LAYER_DEVICE]	= { .type = NLA_U32 },
	[MTDLAYER_A_LAYER_RELEASE]	= { .type = NLA_U32 },
	[MTDLAYER_A_LAYER_INDEX]	= { .type = NLA_U32 },
	[MTDLAYER_A_LAYER_NAME]		= { .type = NLA_STRING },
	[MTDLAYER_A_LAYER_SIZE]		= { .type = NLA_U64 },
	[MTDLAYER_A_LAYER_SLOT_START]	= { .type = NLA_U32 },
	[MTDLAYER_A_LAYER_SLOT_BLOCKS]	= { .type = NLA_U32 },
	[MTDLAYER_A_LAYER_POLICY]	= { .type = NLA_U32 },
	[MTDLAYER_A_LAYER_FLAGS]	= { .type = NLA_U32 },
	[MTDLAYER_A_LAYER_BLOCKS]	= { .type = NLA_U32 },
	[MTDLAYER_A_LAYER_AWAY]		= { .type = NLA_U32 },
	[MTDLAYER_A_LAYER_ROOT]		= { .minlen = MTDL_DIGEST_SIZE },
	[MTDLAYER_A_LAYER_MTD_INDEX]	= { .type = NLA_U32 },
};

static const struct nla_policy extent_policy[MTDLAYER_A_EXTENT_MAX + 1] = {
	[MTDLAYER_A_EXTENT_DEVICE]	= { .type = NLA_U32 },
	[MTDLAYER_A_EXTENT_USE]		= { .type = NLA_U32 },
	[MTDLAYER_A_EXTENT_BLOCK]	= { .type = NLA_U32 },
	[MTDLAYER_A_EXTENT_COUNT]	= { .type = NLA_U32 },
	[MTDLAYER_A_EXTENT_LAYER]	= { .type = NLA_U32 },
	[MTDLAYER_A_EXTENT_LOGICAL]	= { .type = NLA_U32 },
	[MTDLAYER_A_EXTENT_RELEASE]	= { .type = NLA_U32 },
};

/* One attribute and the 32-bit field that it fills. */
struct number {
	int attribute;
	const char *name;
	uint32_t *field;
	bool optional;
};

static void take_numbers(struct builder *builder, struct nlattr **attributes,
			 const struct number *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct nlattr *attribute = attributes[numbers[i].attribute];

		if (attribute)
			*numbers[i].field = nla_get_u32(attribute);
		else if (!numbers[i].optional && !builder->missing)
			builder->missing = numbers[i].name;
	}
}

static void take_string(struct nlattr *attribute, char *text, size_t size)
{
	if (attribute)
		nla_strlcpy(text, attribute, size);
}

static void take_bytes(struct nlattr *attribute, uint8_t *bytes, size_t size)
{
	if (attribute)
		memcpy(bytes, nla_data(attribute), size);
}

static void take_release(struct builder *builder, struct nlattr *nest,
			 struct view_release *release)
{
	struct nlattr *attributes[MTDLAYER_A_RELEASE_MAX + 1];
	const struct number numbers[] = {
		{ MTDLAYER_A_RELEASE_SECURITY_COUNTER, "a release's security counter",
		  &release->security_counter, true },
		{ MTDLAYER_A_RELEASE_BLOCKS, "a release's blocks", &release->blocks, true },
		{ MTDLAYER_A_RELEASE_LAYER_COUNT, "a release's layers", &release->layer_count, false },
	};

	if (!nest)
		return;
	if (nla_parse_nested(attributes, MTDLAYER_A_RELEASE_MAX, nest, release_policy)) {
		builder->missing = "a readable release";
		return;
	}
	take_numbers(builder, attributes, numbers, sizeof(numbers) / sizeof(numbers[0]));
	take_string(attributes[MTDLAYER_A_RELEASE_NAME], release->release,
		    sizeof(release->release));
	take_bytes(attributes[MTDLAYER_A_RELEASE_DIGEST], release->digest,
		   sizeof(release->digest));
	if (release->layer_count > MTDL_LAYERS_MAX) {
		builder->missing = "a sane number of layers";
		release->layer_count = 0;
	}
	release->layers = calloc(release->layer_count + 1, sizeof(*release->layers));
	if (!release->layers) {
		builder->missing = "memory";
		release->layer_count = 0;
	}
	for (uint32_t i = 0; i < release->layer_count; i++)
		release->layers[i].mtd = -1;
	release->present = true;
}

static void take_geometry(struct builder *builder, struct nlattr **attributes)
{
	struct view *view = builder->view;
	const struct number numbers[] = {
		{ MTDLAYER_A_DEVICE_ERASE_SIZE, "the erase size", &view->erase_size, false },
		{ MTDLAYER_A_DEVICE_WRITE_SIZE, "the write size", &view->write_size, false },
		{ MTDLAYER_A_DEVICE_BLOCK_SIZE, "the block size", &view->block_size, false },
		{ MTDLAYER_A_DEVICE_UNIT_SIZE, "the unit size", &view->unit_size, false },
		{ MTDLAYER_A_DEVICE_BLOCK_COUNT, "the number of blocks", &view->block_count, false },
		{ MTDLAYER_A_DEVICE_TABLE_START, "the table's start", &view->table_start, false },
		{ MTDLAYER_A_DEVICE_TABLE_BLOCKS, "the table's size", &view->table_blocks, false },
		{ MTDLAYER_A_DEVICE_EPOCH, "the epoch", &view->epoch, false },
		{ MTDLAYER_A_DEVICE_WRITE, "the write count", &view->write, false },
		{ MTDLAYER_A_DEVICE_DAMAGED_UNITS, "", &view->damaged_units, true },
		{ MTDLAYER_A_DEVICE_FREE_BLOCKS, "", &view->free_blocks, true },
		{ MTDLAYER_A_DEVICE_BAD_BLOCKS, "", &view->bad_blocks, true },
		{ MTDLAYER_A_DEVICE_SECURITY_FLOOR, "", &view->security_floor, true },
		{ MTDLAYER_A_DEVICE_ATTEMPTS_MAX, "", &view->attempts_max, true },
		{ MTDLAYER_A_DEVICE_ATTEMPTS_USED, "", &view->attempts_used, true },
		{ MTDLAYER_A_DEVICE_BLOCKS_WANTED, "", &view->blocks_wanted, true },
	};

	take_numbers(builder, attributes, numbers, sizeof(numbers) / sizeof(numbers[0]));
	if (attributes[MTDLAYER_A_DEVICE_FLASH_SIZE])
		view->flash_size = nla_get_u64(attributes[MTDLAYER_A_DEVICE_FLASH_SIZE]);
	else
		builder->missing = "the flash's size";
}

static void take_outcome(struct builder *builder, struct nlattr **attributes)
{
	struct mtdl_outcome *outcome = &builder->view->outcome;
	uint32_t code = 0, attempts = 0;
	const struct number numbers[] = {
		{ MTDLAYER_A_DEVICE_OUTCOME, "", &code, true },
		{ MTDLAYER_A_DEVICE_OUTCOME_ATTEMPTS, "", &attempts, true },
		{ MTDLAYER_A_DEVICE_OUTCOME_ERROR, "", &outcome->error, true },
	};

	take_numbers(builder, attributes, numbers, sizeof(numbers) / sizeof(numbers[0]));
	outcome->code = (uint8_t)code;
	outcome->attempts = (uint8_t)attempts;
	take_string(attributes[MTDLAYER_A_DEVICE_OUTCOME_RELEASE], outcome->release,
		    sizeof(outcome->release));
	take_bytes(attributes[MTDLAYER_A_DEVICE_OUTCOME_DIGEST], outcome->digest,
		   sizeof(outcome->digest));
}

static int take_device(void *ctx, struct nlattr **attributes)
{
	struct builder *builder = ctx;
	struct view *view = builder->view;
	uint32_t state = 0, mtd = 0, work = 0;
	const struct number numbers[] = {
		{ MTDLAYER_A_DEVICE_STATE, "the state", &state, false },
		{ MTDLAYER_A_DEVICE_MTD_INDEX, "", &mtd, true },
		{ MTDLAYER_A_DEVICE_RESERVE, "", &view->reserve, true },
		{ MTDLAYER_A_DEVICE_RESERVE_LEFT, "", &view->reserve_left, true },
		{ MTDLAYER_A_DEVICE_SETTLEABLE, "", &view->settleable, true },
		{ MTDLAYER_A_DEVICE_WORK, "", &work, true },
	};

	take_numbers(builder, attributes, numbers, sizeof(numbers) / sizeof(numbers[0]));
	view->state = (enum mtdl_state)state;
	view->work = (enum view_work)work;
	view->spare_low = attributes[MTDLAYER_A_DEVICE_SPARE_LOW];
	take_string(attributes[MTDLAYER_A_DEVICE_LAST_ERROR], view->last_error,
		    sizeof(view->last_error));
	view->mtd = attributes[MTDLAYER_A_DEVICE_MTD_INDEX] ? (int)mtd : -1;
	take_string(attributes[MTDLAYER_A_DEVICE_MTD_NAME], view->mtd_name, sizeof(view->mtd_name));
	take_string(attributes[MTDLAYER_A_DEVICE_COMPATIBLE], view->compatible,
		    sizeof(view->compatible));
	take_string(attributes[MTDLAYER_A_DEVICE_READ_ONLY], view->read_only,
		    sizeof(view->read_only));
	take_bytes(attributes[MTDLAYER_A_DEVICE_UUID], view->uuid, sizeof(view->uuid));
	take_geometry(builder, attributes);
	take_outcome(builder, attributes);
	take_release(builder, attributes[MTDLAYER_A_DEVICE_ACTIVE], &view->releases[VIEW_ACTIVE]);
	take_release(builder, attributes[MTDLAYER_A_DEVICE_CANDIDATE],
		     &view->releases[VIEW_CANDIDATE]);
	take_release(builder, attributes[MTDLAYER_A_DEVICE_EXPOSED],
		     &view->releases[VIEW_EXPOSED]);
	return 0;
}

/* The kernel's number of a release; VIEW_ROLES if layerctl does not know it. */
static enum view_role role_of(uint32_t release)
{
	switch (release) {
	case MTDLAYER_RELEASE_ACTIVE:
		return VIEW_ACTIVE;
	case MTDLAYER_RELEASE_CANDIDATE:
		return VIEW_CANDIDATE;
	case MTDLAYER_RELEASE_EXPOSED:
		return VIEW_EXPOSED;
	default:
		return VIEW_ROLES;
	}
}

static int take_layer(void *ctx, struct nlattr **attributes)
{
	struct builder *builder = ctx;
	struct view_layer layer = { .mtd = -1 };
	uint32_t number = 0, index = 0, mtd = 0;
	const struct number numbers[] = {
		{ MTDLAYER_A_LAYER_RELEASE, "a layer's release", &number, false },
		{ MTDLAYER_A_LAYER_INDEX, "a layer's index", &index, false },
		{ MTDLAYER_A_LAYER_SLOT_START, "a layer's slot", &layer.slot_start, false },
		{ MTDLAYER_A_LAYER_SLOT_BLOCKS, "a slot's size", &layer.slot_blocks, false },
		{ MTDLAYER_A_LAYER_POLICY, "", &layer.policy, true },
		{ MTDLAYER_A_LAYER_FLAGS, "", &layer.flags, true },
		{ MTDLAYER_A_LAYER_BLOCKS, "a layer's blocks", &layer.blocks, false },
		{ MTDLAYER_A_LAYER_AWAY, "", &layer.away, true },
		{ MTDLAYER_A_LAYER_MTD_INDEX, "", &mtd, true },
	};
	struct view_release *release;
	enum view_role role;

	take_numbers(builder, attributes, numbers, sizeof(numbers) / sizeof(numbers[0]));
	role = role_of(number);
	if (role == VIEW_ROLES)
		return 0;
	release = &builder->view->releases[role];
	/* of a release that came or went since the device was asked: the second look finds it */
	if (index >= release->layer_count)
		return 0;
	if (attributes[MTDLAYER_A_LAYER_MTD_INDEX])
		layer.mtd = (int)mtd;
	if (attributes[MTDLAYER_A_LAYER_SIZE])
		layer.size = nla_get_u64(attributes[MTDLAYER_A_LAYER_SIZE]);
	else
		builder->missing = "a layer's size";
	take_string(attributes[MTDLAYER_A_LAYER_NAME], layer.name, sizeof(layer.name));
	take_bytes(attributes[MTDLAYER_A_LAYER_ROOT], layer.root, sizeof(layer.root));
	release->layers[index] = layer;
	return 0;
}

static int make_room(struct builder *builder)
{
	struct view *view = builder->view;
	struct view_extent *extents;
	uint32_t room = builder->room ? 2 * builder->room : 64;

	if (view->extent_count < builder->room)
		return 0;
	extents = realloc(view->extents, room * sizeof(*extents));
	if (!extents)
		return -ENOMEM;
	view->extents = extents;
	builder->room = room;
	return 0;
}

static int take_extent(void *ctx, struct nlattr **attributes)
{
	struct builder *builder = ctx;
	struct view *view = builder->view;
	struct view_extent extent = { 0 };
	uint32_t use = 0, release = 0;
	const struct number numbers[] = {
		{ MTDLAYER_A_EXTENT_USE, "an extent's use", &use, false },
		{ MTDLAYER_A_EXTENT_BLOCK, "an extent's block", &extent.block, false },
		{ MTDLAYER_A_EXTENT_COUNT, "an extent's length", &extent.count, false },
		{ MTDLAYER_A_EXTENT_LAYER, "", &extent.layer, true },
		{ MTDLAYER_A_EXTENT_LOGICAL, "", &extent.logical, true },
		{ MTDLAYER_A_EXTENT_RELEASE, "", &release, true },
	};

	take_numbers(builder, attributes, numbers, sizeof(numbers) / sizeof(numbers[0]));
	extent.use = (enum mtdl_use)use;
	extent.role = role_of(release);
	/* more extents than blocks cannot be */
	if (view->extent_count >= view->block_count || make_room(builder)) {
		builder->missing = "extents that memory can hold";
		return 0;
	}
	view->extents[view->extent_count++] = extent;
	return 0;
}

static int ask_device(struct netlink *netlink, uint32_t index, struct builder *builder,
		      struct mtdl_reason *why)
{
	const struct netlink_query query = {
		.command = MTDLAYER_CMD_DEVICE_GET, .attribute = MTDLAYER_A_DEVICE_INDEX,
		.index = index, .attribute_max = MTDLAYER_A_DEVICE_MAX, .policy = device_policy,
		.take = take_device, .ctx = builder,
	};
	int err = netlink_ask(netlink, &query, why);

	if (err == -ENODEV)
		return mtdl_fail(why, err, "mtdlayer%u is not attached: `layerctl attach mtdN` attaches an MTD device that is formatted for layers",
				 index);
	return err;
}

static int ask_parts(struct netlink *netlink, uint32_t index, struct builder *builder,
		     struct mtdl_reason *why)
{
	const struct netlink_query layers = {
		.command = MTDLAYER_CMD_LAYER_GET, .dump = true,
		.attribute = MTDLAYER_A_LAYER_DEVICE, .index = index,
		.attribute_max = MTDLAYER_A_LAYER_MAX, .policy = layer_policy,
		.take = take_layer, .ctx = builder,
	};
	const struct netlink_query extents = {
		.command = MTDLAYER_CMD_EXTENT_GET, .dump = true,
		.attribute = MTDLAYER_A_EXTENT_DEVICE, .index = index,
		.attribute_max = MTDLAYER_A_EXTENT_MAX, .policy = extent_policy,
		.take = take_extent, .ctx = builder,
	};
	int err = netlink_ask(netlink, &layers, why);

	return err ? err : netlink_ask(netlink, &extents, why);
}

static bool same_releases(const struct view *a, const struct view *b)
{
	for (int role = 0; role < VIEW_ROLES; role++) {
		if (a->releases[role].present != b->releases[role].present ||
		    memcmp(a->releases[role].digest, b->releases[role].digest, MTDL_DIGEST_SIZE))
			return false;
	}
	return true;
}

/* Whether nothing that the three answers share changed between the first and the last. */
static bool stood_still(const struct view *a, const struct view *b)
{
	return a->epoch == b->epoch && a->write == b->write && a->state == b->state &&
	       a->blocks_wanted == b->blocks_wanted && a->free_blocks == b->free_blocks &&
	       same_releases(a, b);
}

/* One look: 0, -EAGAIN if the device changed meanwhile, or another error. */
static int look(struct netlink *netlink, uint32_t index, struct view *view,
		struct mtdl_reason *why)
{
	struct view again = { 0 };
	struct builder builder = { .view = view };
	struct builder second = { .view = &again };
	int err = ask_device(netlink, index, &builder, why);

	if (!err)
		err = ask_parts(netlink, index, &builder, why);
	if (!err)
		err = ask_device(netlink, index, &second, why);
	if (!err && (builder.missing || second.missing))
		err = mtdl_fail(why, -EPROTO, "the kernel module does not tell %s: layerctl and mtdlayer.ko must be of the same version",
				builder.missing ? builder.missing : second.missing);
	if (!err && !stood_still(view, &again))
		err = -EAGAIN;
	view_free(&again);
	return err;
}

/* MTD devices belong to what is exposed; the release that this is has them too. */
static void share_mtd_numbers(struct view *view)
{
	const struct view_release *exposed = &view->releases[VIEW_EXPOSED];

	for (int role = 0; role < VIEW_EXPOSED; role++) {
		struct view_release *same = &view->releases[role];

		if (!view_same_release(view, role, VIEW_EXPOSED) ||
		    same->layer_count != exposed->layer_count)
			continue;
		for (uint32_t i = 0; i < same->layer_count; i++)
			same->layers[i].mtd = exposed->layers[i].mtd;
	}
}

int view_from_kernel(struct netlink *netlink, uint32_t index, struct view *view,
		     struct mtdl_reason *why)
{
	for (int i = 0; i < TRIES; i++) {
		int err;

		memset(view, 0, sizeof(*view));
		snprintf(view->name, sizeof(view->name), "mtdlayer%u", index);
		err = look(netlink, index, view, why);
		if (!err) {
			share_mtd_numbers(view);
			/* of a look that was in vain */
			mtdl_fail(why, 0, "%s", "");
			return 0;
		}
		view_free(view);
		if (err != -EAGAIN)
			return err;
	}
	return mtdl_fail(why, -EAGAIN, "mtdlayer%u changes faster than it can be looked at: try again when the upgrade rests",
			 index);
}
