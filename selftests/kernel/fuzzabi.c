// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests by chance: ioctls and netlink messages of the right shape, in any order, with fields
 * that are not what they should be.
 *
 * Most requests make sense where they come, so that upgrades get on and every state is met; a
 * part of them is then changed in one to three fields.  Whatever comes of it, an error is one that
 * there is a reason for, what is refused leaves the flash as it was, the layers stay readable and
 * are those of one release, and in the end an upgrade goes through.  That the kernel comes to no
 * harm is what its own checkers tell.
 */
#include <fcntl.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chance.h"
#include "harness.h"
#include "wire.h"

#define ROUNDS		1500U	/* some 20 s of an emulated debug kernel */
#define SESSIONS	2
#define RELEASES	4
#define PAGE		4096U

FIXTURE(fuzzabi)
{
	struct board board;
	struct chance chance;
	struct wire wire;
	struct test_release releases[RELEASES];
	int sessions[SESSIONS];
	u32 picked;		/* the release that requests are made from */
	u8 *manifest;		/* a copy of one, as it is sent */
	u8 *block;		/* a block, as it is sent; what lies behind it cannot be touched */
	u8 *read_only;		/* a page */
	u32 round;
	unsigned long done, refused, unanswered, compared, upgrades, wrong;
};

#define SELF	FIXTURE_DATA(fuzzabi)

/* Where record @index of a manifest begins. */
static u32 record_offset(const u8 *manifest, u32 index)
{
	u32 off = sizeof(struct mtdl_media_manifest);

	while (index-- > 0)
		off += sizeof(struct mtdl_media_record) +
		       le32_to_cpu(((const struct mtdl_media_record *)(manifest + off))->length);
	return off;
}

static void set_policy(struct test_release *release, u32 index, u32 policy)
{
	u8 *record = release->manifest + record_offset(release->manifest, index);
	struct mtdl_media_manifest_layer *layer;

	layer = (void *)(record + sizeof(struct mtdl_media_record));
	layer->policy = cpu_to_le32(policy);
}

static void fuzz_release(struct test_release *release, u32 number)
{
	struct test_layer layers[] = {
		{ "kernel", BOARD_KERNEL_START, BOARD_KERNEL_BLOCKS, BOARD_BLOCK + 7, NULL,
		  1 + number / 2 },
		{ "app", BOARD_APP_START, BOARD_APP_BLOCKS, (number + 1) * 40000, NULL, number },
		{ "data", BOARD_APP_START + BOARD_APP_BLOCKS, 1, 5000, NULL, number / 2 },
	};
	struct mtdl_media_manifest *header;
	char version[16];

	snprintf(version, sizeof(version), "fuzz-%u", number);
	release_make(release, version, BOARD_BLOCK, layers, 3);
	/* every second one has a pinned layer, so that COMMIT installs, and one that may be lazy */
	set_policy(release, 0, number % 2 ? MTDL_POLICY_PINNED : 0);
	set_policy(release, 2, number % 2 ? MTDL_POLICY_LAZY : MTDL_POLICY_IN_PLACE);
	/* one that chance makes and confirms must not keep these out */
	header = (void *)release->manifest;
	header->security_counter = cpu_to_le32(~0U);
	release_redigest(release);
}

/* @size bytes that end where nothing is mapped. */
static u8 *guarded(u32 size)
{
	u8 *map = mmap(NULL, size + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	if (map == MAP_FAILED || mprotect(map + size, PAGE, PROT_NONE))
		return NULL;
	return map;
}

FIXTURE_SETUP(fuzzabi)
{
	int i;

	chance_begin(&self->chance);
	self->manifest = guarded(16 * PAGE);
	self->block = guarded(BOARD_BLOCK);
	self->read_only = guarded(PAGE);
	ASSERT_NE(NULL, self->manifest);
	ASSERT_NE(NULL, self->block);
	ASSERT_NE(NULL, self->read_only);
	ASSERT_EQ(0, mprotect(self->read_only, PAGE, PROT_READ));
	for (i = 0; i < RELEASES; i++)
		fuzz_release(&self->releases[i], i);
	for (i = 0; i < SESSIONS; i++)
		self->sessions[i] = -1;
	ASSERT_EQ(0, wire_open(&self->wire));
	ASSERT_EQ(0, board_open(&self->board));
	ASSERT_EQ(0, board_format(&self->board, self->board.mtd));
	ASSERT_EQ(0, board_attach(&self->board, self->board.mtd));
	ASSERT_EQ(0, board_install(&self->board, &self->releases[0]));
	close(self->board.dev);
	self->board.dev = -1;
}

FIXTURE_TEARDOWN(fuzzabi)
{
	int i;

	board_close(&self->board);
	close(self->wire.fd);
	for (i = 0; i < RELEASES; i++)
		release_free(&self->releases[i]);
	munmap(self->manifest, 17 * PAGE);
	munmap(self->block, BOARD_BLOCK + PAGE);
	munmap(self->read_only, 2 * PAGE);
}

/* Says what is wrong, and where to find it again. */
#define WRONG(self, format, ...) do { \
	printf("# round %u: " format "\n", (self)->round, ##__VA_ARGS__); \
	(self)->wrong++; \
} while (0)

/* ---- the values of fields ---- */

enum kind {
	FLAGS,		/* of which few are known */
	SIZE,		/* bytes or entries behind a pointer */
	POINTER,	/* into our memory */
	INDEX,		/* of a device, layer, block, release */
	ZERO,		/* reserved */
	BYTES,		/* a name, a digest */
};

static u64 odd_number(struct chance *chance, u64 value)
{
	static const u64 odd[] = {
		0, 1, 2, 3, 4, 7, 8, 63, 64, 127, 128, 255, 256, 511, 512, 4095, 4096, 4097, 65535,
		65536, 65537, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 0x100000000,
		0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff,
	};

	switch (chance_below(chance, 4)) {
	case 0:
		return odd[chance_below(chance, sizeof(odd) / sizeof(odd[0]))];
	case 1:
		return value + chance_below(chance, 5) - 2;
	case 2:
		return value ^ 1ULL << chance_below(chance, 64);
	default:
		return chance_u64(chance) >> chance_below(chance, 64);
	}
}

static u64 odd_pointer(SELF *self, u64 value)
{
	const u64 pointers[] = {
		0, 1, 0x10, PAGE - 1, value + 1, value - 1, value + PAGE,
		(uintptr_t)self->block + BOARD_BLOCK, (uintptr_t)self->block + BOARD_BLOCK - 1,
		(uintptr_t)self->read_only, (uintptr_t)self->read_only + PAGE - 8,
		0x00007ffffffff000, 0x0000800000000000, 0xffff800000000000, 0xffff888000000000,
		0xffffffff81000000, 0xfffffffffffff000, 0xffffffffffffffff,
	};

	return pointers[chance_below(&self->chance, sizeof(pointers) / sizeof(pointers[0]))];
}

static u64 odd_value(SELF *self, enum kind kind, u64 value)
{
	struct chance *chance = &self->chance;

	switch (kind) {
	case FLAGS:
		return chance_one_in(chance, 2) ? value ^ 1U << chance_below(chance, 32) :
						  chance_u64(chance);
	case POINTER:
		return odd_pointer(self, value);
	case ZERO:
		return chance_u64(chance) | 1;
	default:
		return odd_number(chance, value);
	}
}

/**
 * struct field - a field of a request
 * @kind: what it is for
 * @offset: in bytes
 * @size: in bytes
 */
struct field {
	enum kind kind;
	u16 offset;
	u16 size;
};

#define FIELD(type, member, kind) { kind, offsetof(type, member), sizeof(((type *)0)->member) }

static void spoil(SELF *self, const struct field *field, void *request)
{
	u8 *at = (u8 *)request + field->offset;
	u64 value = 0;

	if (field->kind == BYTES || field->size > sizeof(value)) {
		at[chance_below(&self->chance, field->size)] = chance_u64(&self->chance);
		return;
	}
	memcpy(&value, at, field->size);
	value = odd_value(self, field->kind, value);
	memcpy(at, &value, field->size);
}

static void spoil_some(SELF *self, const struct field *fields, u32 count, void *request)
{
	u32 times = 1 + chance_below(&self->chance, 3);

	while (times-- > 0)
		spoil(self, &fields[chance_below(&self->chance, count)], request);
}

/* ---- requests that make sense ---- */

/* Room for every request. */
union argument {
	struct mtdlayer_attach attach;
	struct mtdlayer_detach detach;
	struct mtdlayer_begin begin;
	struct mtdlayer_want want;
	struct mtdlayer_write write;
	struct mtdlayer_change change;
	struct mtdlayer_verify verify;
	struct mtdlayer_settle settle;
	struct mtdlayer_scrub scrub;
};

static const struct field header_fields[] = {
	FIELD(struct mtdl_media_manifest, magic, INDEX),
	FIELD(struct mtdl_media_manifest, version, INDEX),
	FIELD(struct mtdl_media_manifest, header_size, SIZE),
	FIELD(struct mtdl_media_manifest, length, SIZE),
	FIELD(struct mtdl_media_manifest, block_size, SIZE),
	FIELD(struct mtdl_media_manifest, security_counter, INDEX),
	FIELD(struct mtdl_media_manifest, layer_count, SIZE),
	FIELD(struct mtdl_media_manifest, attempts, SIZE),
	FIELD(struct mtdl_media_manifest, features_incompat, FLAGS),
	FIELD(struct mtdl_media_manifest, release, BYTES),
	FIELD(struct mtdl_media_manifest, compatible, BYTES),
	FIELD(struct mtdl_media_manifest, reserved, BYTES),
};

/* A record's header, and the layer behind it. */
#define LAYER_FIELD(member, kind) { kind, sizeof(struct mtdl_media_record) + \
	offsetof(struct mtdl_media_manifest_layer, member), \
	sizeof(((struct mtdl_media_manifest_layer *)0)->member) }

static const struct field layer_fields[] = {
	FIELD(struct mtdl_media_record, type, INDEX),
	FIELD(struct mtdl_media_record, reserved, ZERO),
	FIELD(struct mtdl_media_record, length, SIZE),
	LAYER_FIELD(name, BYTES),
	LAYER_FIELD(root, BYTES),
	LAYER_FIELD(size, SIZE),
	LAYER_FIELD(address, INDEX),
	LAYER_FIELD(capacity, SIZE),
	LAYER_FIELD(policy, FLAGS),
	LAYER_FIELD(block_count, SIZE),
};

static void spoil_manifest(SELF *self, u32 size)
{
	u32 off = record_offset(self->manifest, chance_below(&self->chance, 3));

	switch (chance_below(&self->chance, 3)) {
	case 0:
		spoil_some(self, header_fields, sizeof(header_fields) / sizeof(header_fields[0]),
			   self->manifest);
		break;
	case 1:
		spoil_some(self, layer_fields, sizeof(layer_fields) / sizeof(layer_fields[0]),
			   self->manifest + off);
		break;
	default:
		self->manifest[chance_below(&self->chance, size)] = chance_u64(&self->chance);
	}
}

static void make_begin(SELF *self, union argument *argument, int fd)
{
	struct mtdlayer_begin *begin = &argument->begin;
	const struct test_release *release;

	self->picked = chance_below(&self->chance, RELEASES);
	release = &self->releases[self->picked];
	memcpy(self->manifest, release->manifest, release->manifest_size);
	if (chance_one_in(&self->chance, 4))
		spoil_manifest(self, release->manifest_size);
	begin->flags = chance_below(&self->chance, 8);
	begin->manifest = (uintptr_t)self->manifest;
	begin->manifest_size = release->manifest_size;
	if (chance_one_in(&self->chance, 4)) {
		begin->layers = (uintptr_t)self->block;
		begin->layer_room = chance_below(&self->chance, 6);
	}
	if (chance_one_in(&self->chance, 8)) {
		begin->signature = (uintptr_t)self->block;
		begin->signature_size = chance_below(&self->chance, 300);
	}
}

static void make_want(SELF *self, union argument *argument, int fd)
{
	argument->want.count = 1 + chance_below(&self->chance, 4096);
	argument->want.blocks = (uintptr_t)self->block;
}

/* What is staged, going by what is shown: one of ours, or another. */
static u32 staged(SELF *self)
{
	struct seen_device device;
	u32 i;

	if (get_device(&self->wire, self->board.index, &device))
		return self->picked;
	for (i = 0; i < RELEASES; i++)
		if (!strcmp(device.candidate, (char *)((struct mtdl_media_manifest *)
						       self->releases[i].manifest)->release))
			return i;
	return self->picked;
}

static void make_write(SELF *self, union argument *argument, int fd)
{
	struct mtdlayer_wanted wanted = { };
	struct mtdlayer_want want = { .count = 1, .blocks = (uintptr_t)&wanted };
	const struct test_release *release = &self->releases[staged(self)];
	struct mtdlayer_write *write = &argument->write;

	if (ioctl(fd, MTDLAYER_IOC_WANT, &want) || !want.count || wanted.layer >= 3) {
		wanted.layer = chance_below(&self->chance, 3);
		wanted.block = 0;
	}
	write->layer = wanted.layer;
	write->block = wanted.block;
	write->length = mtdl_block_bytes(release->layers[wanted.layer].size, wanted.block,
					 BOARD_BLOCK);
	write->data = (uintptr_t)self->block;
	if (write->length > BOARD_BLOCK || wanted.block > 8)
		write->length = BOARD_BLOCK;
	else
		release_bytes(release, wanted.layer, wanted.block * BOARD_BLOCK, self->block,
			      write->length);
	if (chance_one_in(&self->chance, 16))
		self->block[chance_below(&self->chance, BOARD_BLOCK)] ^= 1;
}

static void make_change(SELF *self, union argument *argument, int fd)
{
}

static void make_confirm(SELF *self, union argument *argument, int fd)
{
	struct seen_device device;

	if (chance_one_in(&self->chance, 2) ||
	    get_device(&self->wire, self->board.index, &device))
		return;
	argument->change.digest_valid = 1;
	memcpy(argument->change.digest, device.exposed_digest, sizeof(argument->change.digest));
}

static void make_verify(SELF *self, union argument *argument, int fd)
{
	argument->verify.release = chance_below(&self->chance, 3);
	argument->verify.layer = chance_below(&self->chance, 3);
	argument->verify.count = 1 + chance_below(&self->chance, 8);
}

static void make_settle(SELF *self, union argument *argument, int fd)
{
	argument->settle.steps = chance_below(&self->chance, 20);
}

static void make_scrub(SELF *self, union argument *argument, int fd)
{
	argument->scrub.release = chance_below(&self->chance, 3);
	argument->scrub.layer = chance_below(&self->chance, 3);
	argument->scrub.block = chance_below(&self->chance, 2);
}

static void make_attach(SELF *self, union argument *argument, int fd)
{
	argument->attach.mtd = self->board.mtd;
	/* layers are MTD devices as well */
	if (chance_one_in(&self->chance, 8))
		argument->attach.mtd = chance_below(&self->chance, 8);
	if (chance_one_in(&self->chance, 8)) {
		argument->attach.mtd = -1;
		strcpy(argument->attach.name, chance_one_in(&self->chance, 2) ?
		       "mtdram test device" : "kernel");
	}
}

static void make_detach(SELF *self, union argument *argument, int fd)
{
	argument->detach.index = self->board.index;
}

/* ---- the table of ioctls ---- */

static const struct field attach_fields[] = {
	FIELD(struct mtdlayer_attach, flags, FLAGS),
	FIELD(struct mtdlayer_attach, mtd, INDEX),
	FIELD(struct mtdlayer_attach, table_offset, SIZE),
	FIELD(struct mtdlayer_attach, name, BYTES),
	FIELD(struct mtdlayer_attach, reserved, ZERO),
};

static const struct field detach_fields[] = {
	FIELD(struct mtdlayer_detach, flags, FLAGS),
	FIELD(struct mtdlayer_detach, index, INDEX),
};

static const struct field begin_fields[] = {
	FIELD(struct mtdlayer_begin, flags, FLAGS),
	FIELD(struct mtdlayer_begin, manifest_size, SIZE),
	FIELD(struct mtdlayer_begin, manifest, POINTER),
	FIELD(struct mtdlayer_begin, signature, POINTER),
	FIELD(struct mtdlayer_begin, signature_size, SIZE),
	FIELD(struct mtdlayer_begin, layer_room, SIZE),
	FIELD(struct mtdlayer_begin, layers, POINTER),
	FIELD(struct mtdlayer_begin, reserved[1], ZERO),
};

static const struct field want_fields[] = {
	FIELD(struct mtdlayer_want, flags, FLAGS),
	FIELD(struct mtdlayer_want, count, SIZE),
	FIELD(struct mtdlayer_want, blocks, POINTER),
};

static const struct field write_fields[] = {
	FIELD(struct mtdlayer_write, flags, FLAGS),
	FIELD(struct mtdlayer_write, layer, INDEX),
	FIELD(struct mtdlayer_write, block, INDEX),
	FIELD(struct mtdlayer_write, length, SIZE),
	FIELD(struct mtdlayer_write, data, POINTER),
};

static const struct field change_fields[] = {
	FIELD(struct mtdlayer_change, flags, FLAGS),
	FIELD(struct mtdlayer_change, digest_valid, FLAGS),
	FIELD(struct mtdlayer_change, digest, BYTES),
};

static const struct field verify_fields[] = {
	FIELD(struct mtdlayer_verify, flags, FLAGS),
	FIELD(struct mtdlayer_verify, release, INDEX),
	FIELD(struct mtdlayer_verify, layer, INDEX),
	FIELD(struct mtdlayer_verify, block, INDEX),
	FIELD(struct mtdlayer_verify, count, SIZE),
};

static const struct field settle_fields[] = {
	FIELD(struct mtdlayer_settle, flags, FLAGS),
	FIELD(struct mtdlayer_settle, steps, SIZE),
	FIELD(struct mtdlayer_settle, reserved, ZERO),
};

static const struct field scrub_fields[] = {
	FIELD(struct mtdlayer_scrub, flags, FLAGS),
	FIELD(struct mtdlayer_scrub, release, INDEX),
	FIELD(struct mtdlayer_scrub, layer, INDEX),
	FIELD(struct mtdlayer_scrub, block, INDEX),
};

/**
 * struct request - an ioctl
 * @weight: how often it comes
 * @cmd: its number
 * @make: fills in what makes sense
 * @fields: what can be spoiled
 * @count: how many
 */
struct request {
	u32 weight;
	unsigned long cmd;
	void (*make)(SELF *self, union argument *argument, int fd);
	const struct field *fields;
	u32 count;
};

#define REQUEST(weight, name, make, fields) \
	{ weight, MTDLAYER_IOC_ ## name, make, fields, sizeof(fields) / sizeof(fields[0]) }

static const struct request requests[] = {
	REQUEST(3, ATTACH, make_attach, attach_fields),
	REQUEST(2, DETACH, make_detach, detach_fields),
	REQUEST(10, BEGIN, make_begin, begin_fields),
	REQUEST(5, WANT, make_want, want_fields),
	REQUEST(30, WRITE, make_write, write_fields),
	REQUEST(3, SYNC, make_change, change_fields),
	REQUEST(8, COMMIT, make_change, change_fields),
	REQUEST(6, BOOT, make_change, change_fields),
	REQUEST(4, CONFIRM, make_confirm, change_fields),
	REQUEST(2, ROLLBACK, make_change, change_fields),
	REQUEST(1, ABORT, make_change, change_fields),
	REQUEST(4, VERIFY, make_verify, verify_fields),
	REQUEST(3, SETTLE, make_settle, settle_fields),
	REQUEST(2, SCRUB, make_scrub, scrub_fields),
};

#define REQUESTS	(sizeof(requests) / sizeof(requests[0]))

static const struct request *pick_request(struct chance *chance)
{
	u32 i, sum = 0, pick;

	for (i = 0; i < REQUESTS; i++)
		sum += requests[i].weight;
	pick = chance_below(chance, sum);
	for (i = 0; pick >= requests[i].weight; i++)
		pick -= requests[i].weight;
	return &requests[i];
}

/* ---- what may come of an ioctl ---- */

/* A refusal has one of these; anything else (an I/O error, a lack of memory) has no reason here. */
static bool is_refusal(int err)
{
	static const int refusals[] = {
		EINVAL, EFAULT, E2BIG, EBUSY, EEXIST, ENODEV, ENOSPC, EBADMSG, EALREADY, EAGAIN,
		EPERM, EOPNOTSUPP, ENOENT, ESTALE, ENOTUNIQ, ENODATA, ENOTTY, EROFS, EMSGSIZE, ERANGE,
	};
	unsigned int i;

	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (err == -refusals[i])
			return true;
	return false;
}

/* Errors that come before anything is done. */
static bool is_bad_input(int err)
{
	return err == -EINVAL || err == -EFAULT || err == -E2BIG || err == -EOPNOTSUPP ||
	       err == -EPERM || err == -EEXIST || err == -EBADMSG || err == -EALREADY ||
	       err == -ESTALE || err == -ENOTTY;
}

static void judge(SELF *self, const struct request *request, const void *argument, int err)
{
	const char *reason = (const char *)argument + _IOC_SIZE(request->cmd) -
			     MTDLAYER_REASON_SIZE;
	u32 number = _IOC_NR(request->cmd);

	if (err)
		self->refused++;
	else
		self->done++;
	if (err && !is_refusal(err))
		WRONG(self, "ioctl 0x%x: error %d: %.*s", number, err, MTDLAYER_REASON_SIZE,
		      reason);
	if (strnlen(reason, MTDLAYER_REASON_SIZE) == MTDLAYER_REASON_SIZE)
		WRONG(self, "ioctl 0x%x: its reason has no end", number);
	if (err && !reason[0])
		WRONG(self, "ioctl 0x%x: error %d has no reason", number, err);
	if (!err && request->cmd == MTDLAYER_IOC_CONFIRM)
		self->upgrades++;
}

/* Whether nothing is going on that changes the flash by itself. */
static bool is_quiet(SELF *self)
{
	struct seen_device device;

	return !get_device(&self->wire, self->board.index, &device) &&
	       device.state != MTDLAYER_STATE_INSTALLING &&
	       device.work == MTDLAYER_WORK_NONE;
}

/* What is refused must leave the flash as it is. */
static u8 *remember_flash(SELF *self, u32 *size)
{
	if (!chance_one_in(&self->chance, 6) || !is_quiet(self))
		return NULL;
	return board_dump(self->board.mtd, size);
}

static void compare_flash(SELF *self, const struct request *request, u8 *before, u32 size, int err)
{
	u8 *after;

	if (before && is_bad_input(err) && is_quiet(self)) {
		after = board_dump(self->board.mtd, &size);
		if (!after || memcmp(before, after, size))
			WRONG(self, "ioctl 0x%lx: refused with %d, but the flash has changed",
			      _IOC_NR(request->cmd), err);
		self->compared++;
		free(after);
	}
	free(before);
}

/* Its struct lies where it cannot all be read, or not be written. */
static void ask_badly(SELF *self, const struct request *request, int fd, union argument *argument)
{
	u32 size = _IOC_SIZE(request->cmd), part = chance_below(&self->chance, size);
	u8 *at = self->manifest + 16 * PAGE - part;
	int err;

	if (chance_one_in(&self->chance, 2)) {
		memcpy(at, argument, part);
		err = ioctl(fd, request->cmd, at) ? -errno : 0;
	} else {
		err = ioctl(fd, request->cmd, odd_pointer(self, (uintptr_t)argument)) ? -errno : 0;
	}
	if (err && !is_refusal(err))
		WRONG(self, "ioctl 0x%lx, badly placed: error %d", _IOC_NR(request->cmd), err);
}

/* A session, opened anew if need be; a device that was detached is attached again. */
static int session(SELF *self)
{
	struct mtdlayer_attach attach = { .mtd = self->board.mtd };
	int i = chance_below(&self->chance, SESSIONS);

	if (self->sessions[i] >= 0 && chance_one_in(&self->chance, 32)) {
		close(self->sessions[i]);
		self->sessions[i] = -1;
	}
	if (self->sessions[i] >= 0)
		return self->sessions[i];
	self->sessions[i] = board_open_device(self->board.index);
	if (self->sessions[i] < 0 && !ioctl(self->board.control, MTDLAYER_IOC_ATTACH, &attach)) {
		self->board.index = attach.index;
		self->sessions[i] = board_open_device(attach.index);
	}
	return self->sessions[i];
}

/* Files of a device that has gone are of no more use. */
static void drop_sessions(SELF *self)
{
	int i;

	for (i = 0; i < SESSIONS; i++) {
		if (self->sessions[i] >= 0)
			close(self->sessions[i]);
		self->sessions[i] = -1;
	}
}

static void fuzz_ioctl(SELF *self)
{
	const struct request *request = pick_request(&self->chance);
	bool control = request->cmd == MTDLAYER_IOC_ATTACH || request->cmd == MTDLAYER_IOC_DETACH;
	union argument argument;
	int fd = session(self), err;
	u8 *before;
	u32 size;

	if (control)
		fd = self->board.control;
	memset(&argument, 0, sizeof(argument));
	request->make(self, &argument, fd);
	if (chance_one_in(&self->chance, 40)) {
		ask_badly(self, request, fd, &argument);
		return;
	}
	if (chance_one_in(&self->chance, 3))
		spoil_some(self, request->fields, request->count, &argument);
	before = remember_flash(self, &size);
	err = ioctl(fd, request->cmd, &argument) ? -errno : 0;
	judge(self, request, &argument, err);
	compare_flash(self, request, before, size, err);
	if (err == -ENODEV || (!err && request->cmd == MTDLAYER_IOC_DETACH))
		drop_sessions(self);
}

/* ---- netlink ---- */

static u16 odd_flags(struct chance *chance)
{
	static const u16 flags[] = { 0, NLM_F_ACK, NLM_F_DUMP, NLM_F_DUMP | NLM_F_ACK, NLM_F_ROOT,
				     NLM_F_MATCH, NLM_F_ECHO, NLM_F_MULTI, 0xffff };

	return flags[chance_below(chance, sizeof(flags) / sizeof(flags[0]))];
}

static void put_attributes(SELF *self)
{
	struct chance *chance = &self->chance;
	u32 count = chance_below(chance, 4), len;
	u8 data[64];

	while (count-- > 0) {
		u64 word = chance_one_in(chance, 2) ? self->board.index : chance_u64(chance);
		u16 type = chance_below(chance, 8) ? chance_below(chance, 40) : chance_u64(chance);

		len = chance_one_in(chance, 2) ? 4 : chance_below(chance, sizeof(data) - 8);
		memset(data, word >> 8, sizeof(data));
		memcpy(data, &word, sizeof(word));
		wire_put(&self->wire, type, data, len);
	}
}

/* The lengths of the message, of an attribute, or any byte of it. */
static void spoil_message(SELF *self)
{
	struct nlmsghdr *header = (struct nlmsghdr *)self->wire.buffer;
	u32 len = header->nlmsg_len;
	struct nlattr *attribute = (void *)(self->wire.buffer + NLMSG_LENGTH(GENL_HDRLEN));

	switch (chance_below(&self->chance, 3)) {
	case 0:
		header->nlmsg_len = odd_number(&self->chance, len);
		break;
	case 1:
		if (len > NLMSG_LENGTH(GENL_HDRLEN))
			attribute->nla_len = odd_number(&self->chance, attribute->nla_len);
		break;
	default:
		self->wire.buffer[16 + chance_below(&self->chance, len - 16)] =
			chance_u64(&self->chance);
	}
}

/* Takes what comes until there is nothing more; sometimes leaves before. */
static void drain(SELF *self)
{
	static char buffer[32768];
	bool leave = chance_one_in(&self->chance, 8);

	while (recv(self->wire.fd, buffer, sizeof(buffer), MSG_DONTWAIT) > 0 && !leave)
		;
	if (leave) {
		close(self->wire.fd);
		if (wire_open(&self->wire))
			WRONG(self, "the family cannot be found any more");
	}
}

static void fuzz_netlink(SELF *self)
{
	struct nlmsghdr *header = (struct nlmsghdr *)self->wire.buffer;
	u8 command = chance_below(&self->chance, 6);
	struct seen_device device;
	u32 len;
	int err;

	header = request(&self->wire, odd_flags(&self->chance), command);
	put_attributes(self);
	len = header->nlmsg_len;
	if (chance_one_in(&self->chance, 3))
		spoil_message(self);
	if (chance_one_in(&self->chance, 10))
		((struct genlmsghdr *)NLMSG_DATA(header))->version = chance_u64(&self->chance);
	if (send(self->wire.fd, self->wire.buffer, len, 0) < 0)
		self->unanswered++;
	drain(self);
	err = get_device(&self->wire, self->board.index, &device);
	if (err && err != -ENODEV)
		WRONG(self, "a sound message was answered with %d: %s", err, self->wire.error);
	else
		self->done++;
}

/* ---- what must hold all the time ---- */

/* Every layer that is exposed can be read: its bytes are what the manifest names, or an error. */
static void check_layers(SELF *self)
{
	struct seen_device device;
	u32 i, layer;

	if (get_device(&self->wire, self->board.index, &device) || !device.exposed[0])
		return;
	for (i = 0; i < RELEASES; i++) {
		if (memcmp(device.exposed_digest, self->releases[i].digest, MTDLAYER_DIGEST_SIZE))
			continue;
		for (layer = 0; layer < 3; layer++)
			if (!board_layer_is(&self->releases[i], layer))
				WRONG(self, "layer %u of release fuzz-%u is not what it was", layer,
				      i);
	}
}

static bool go_on(SELF *self, double begin)
{
	u32 minutes = chance_minutes();

	if (self->round % 500 == 0)
		printf("# round %u, %.0f s: %lu done, %lu refused, %lu confirmed\n", self->round,
		       chance_now() - begin, self->done, self->refused, self->upgrades);
	return minutes ? chance_now() < begin + 60 * minutes : self->round < ROUNDS;
}

/* From wherever chance has led, an upgrade goes through. */
static int upgrade_after(SELF *self, struct test_release *release)
{
	struct board *board = &self->board;
	struct seen_device device;
	int err;

	drop_sessions(self);
	board->dev = board_open_device(board->index);
	if (board->dev < 0 && board_attach(board, board->mtd))
		return -ENODEV;
	err = get_device(&self->wire, board->index, &device);
	printf("# it ends in state %u, %s active\n", device.state, device.active);
	if (!err && device.state == MTDLAYER_STATE_STAGING)
		err = board_change(board, MTDLAYER_IOC_ABORT);
	if (!err && device.state > MTDLAYER_STATE_STAGING)
		err = board_change(board, MTDLAYER_IOC_ROLLBACK);
	if (!err)
		err = board_change(board, MTDLAYER_IOC_BOOT);
	if (!err)
		err = board_install(board, release);
	if (!err)
		err = board_change(board, MTDLAYER_IOC_BOOT);
	return err ?: board_change(board, MTDLAYER_IOC_CONFIRM);
}

TEST_F_TIMEOUT(fuzzabi, requests, 360000)
{
	double begin = chance_now();
	struct test_release last;
	u32 layer;

	for (self->round = 0; go_on(self, begin); self->round++) {
		if (chance_one_in(&self->chance, 3))
			fuzz_netlink(self);
		else
			fuzz_ioctl(self);
		if (chance_one_in(&self->chance, 100))
			check_layers(self);
	}
	printf("# %u rounds in %.0f s: %lu done, %lu refused, %lu dumps of the flash compared\n",
	       self->round, chance_now() - begin, self->done, self->refused, self->compared);
	EXPECT_EQ(0, self->wrong);
	/* it has been somewhere */
	EXPECT_LT(0, self->upgrades);
	EXPECT_LT(0, self->compared);
	fuzz_release(&last, RELEASES);
	EXPECT_EQ(0, upgrade_after(self, &last));
	for (layer = 0; layer < 3; layer++)
		EXPECT_TRUE(board_layer_is(&last, layer));
	release_free(&last);
}
