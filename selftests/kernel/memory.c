// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every step with its allocations failing, one after the other: it works, or is refused for lack
 * of memory, says so, and has changed nothing; it can then be repeated, and nothing is leaked or
 * used after free.
 *
 * Two kinds of lack: the n-th allocation fails and no other (whoever falls back to something else
 * must do so well), and the n-th fails with all that follow (so does what it falls back to).
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "chance.h"
#include "harness.h"
#include "wire.h"

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define MAKE_IT_FAIL	"/proc/thread-self/make-it-fail"
#define FAULTS		"/sys/kernel/debug/"
#define NTH_MAX		5000

const char *test_missing(void)
{
	if (access(FAIL_NTH, W_OK) || access(FAULTS "failslab", F_OK))
		return "the kernel injects no failures";
	return NULL;
}

FIXTURE(memory)
{
	struct board board;
	struct wire wire;
	struct test_release releases[2];
	int current;
	int fail_nth;
	int make_it_fail;
	u8 block[BOARD_BLOCK];
};

#define SELF	FIXTURE_DATA(memory)

/* What may wait is what is asked for here; from the n-th on, only tasks that say so fail. */
static int prepare_faults(const char *kind)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "cd " FAULTS "%s 2>/dev/null || exit 0; echo Y >task-filter; echo 0 >verbose; "
		 "echo N >ignore-gfp-wait; echo -1 >times; echo 100 >probability; "
		 "if [ -e min-order ]; then echo 0 >min-order; echo N >ignore-gfp-highmem; fi",
		 kind);
	return board_run(command);
}

/* Few blocks and layers: all of it is done again for each allocation. */
static void small_release(struct test_release *release, const char *version, u32 seed)
{
	struct test_layer layers[] = {
		{ "kernel", BOARD_KERNEL_START, BOARD_KERNEL_BLOCKS, 1000, NULL, 1 },
		{ "app", BOARD_APP_START, 1, BOARD_BLOCK + 5, NULL, seed },
	};

	release_make(release, version, BOARD_BLOCK, layers, 2);
}

FIXTURE_SETUP(memory)
{
	ASSERT_EQ(0, prepare_faults("failslab"));
	ASSERT_EQ(0, prepare_faults("fail_page_alloc"));
	self->fail_nth = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fail_nth);
	self->make_it_fail = open(MAKE_IT_FAIL, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->make_it_fail);
	small_release(&self->releases[0], "1.0", 3);
	small_release(&self->releases[1], "2.0", 4);
	ASSERT_EQ(0, board_open(&self->board));
	ASSERT_EQ(0, board_format(&self->board, self->board.mtd));
	ASSERT_EQ(0, board_attach(&self->board, self->board.mtd));
	ASSERT_EQ(0, board_install(&self->board, &self->releases[0]));
	ASSERT_EQ(0, wire_open(&self->wire));
	/* no page of ours may be missing when its turn comes */
	ASSERT_EQ(0, mlockall(MCL_CURRENT | MCL_FUTURE));
}

FIXTURE_TEARDOWN(memory)
{
	munlockall();
	close(self->wire.fd);
	board_close(&self->board);
	close(self->fail_nth);
	close(self->make_it_fail);
	release_free(&self->releases[0]);
	release_free(&self->releases[1]);
}

/* The n-th allocation from now on fails; with @all, so does every one behind it. */
static void arm(SELF *self, int n, bool all)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", n);

	pwrite(self->make_it_fail, all ? "1" : "0", 1, 0);
	pwrite(self->fail_nth, text, len, 0);
}

/* Whether one has failed since; none fails any more. */
static bool disarm(SELF *self)
{
	char text[16] = "";

	pwrite(self->make_it_fail, "0", 1, 0);
	pread(self->fail_nth, text, sizeof(text) - 1, 0);
	pwrite(self->fail_nth, "0", 1, 0);
	return atoi(text) == 0;
}

/* ---- the phases of an upgrade ---- */

enum phase { IDLE, STAGING, STAGED, TRIAL, EXPOSED, DETACHED };

/* As the family shows them. */
static const u32 shown[] = {
	[IDLE] = MTDLAYER_STATE_IDLE,
	[STAGING] = MTDLAYER_STATE_STAGING,
	[STAGED] = MTDLAYER_STATE_STAGING,
	[TRIAL] = MTDLAYER_STATE_TRIAL,
	[EXPOSED] = MTDLAYER_STATE_TRIAL,
};

static struct test_release *active(SELF *self)
{
	return &self->releases[self->current];
}

static struct test_release *candidate(SELF *self)
{
	return &self->releases[!self->current];
}

/* Which of the two is active, going by what the family shows. */
static int look(SELF *self, struct seen_device *device)
{
	int err = get_device(&self->wire, self->board.index, device);

	if (!err)
		self->current = !strcmp(device->active, "2.0");
	return err;
}

/* What a state other than that of @cmd refuses is no error. */
static int leave(SELF *self, unsigned long cmd)
{
	int err = board_change(&self->board, cmd);

	return err == -EINVAL ? 0 : err;
}

static int to_idle(SELF *self)
{
	struct seen_device device;
	int err = 0;

	if (self->board.dev < 0) {
		self->board.dev = board_open_device(self->board.index);
		if (self->board.dev < 0)
			err = board_attach(&self->board, self->board.mtd);
	}
	if (!err)
		err = leave(self, MTDLAYER_IOC_ABORT);
	if (!err)
		err = leave(self, MTDLAYER_IOC_ROLLBACK);
	if (!err)
		err = board_change(&self->board, MTDLAYER_IOC_BOOT);
	return err ?: look(self, &device);
}

static int bring(SELF *self, enum phase from)
{
	int err = to_idle(self);

	if (!err && from == DETACHED) {
		close(self->board.dev);
		self->board.dev = -1;
		return board_detach(&self->board);
	}
	if (!err && from >= STAGING)
		err = board_begin(&self->board, candidate(self), 0, NULL);
	if (!err && from >= STAGED) {
		err = board_write_wanted(&self->board, candidate(self), ~0U);
		err = err < 0 ? err : 0;
	}
	if (!err && from >= TRIAL)
		err = board_change(&self->board, MTDLAYER_IOC_COMMIT);
	if (!err && from >= EXPOSED)
		err = board_change(&self->board, MTDLAYER_IOC_BOOT);
	return err;
}

/* ---- the operations ---- */

/* What an ioctl takes: made ready before, so that nothing but the kernel allocates. */
union argument {
	struct mtdlayer_attach attach;
	struct mtdlayer_detach detach;
	struct mtdlayer_begin begin;
	struct mtdlayer_want want;
	struct mtdlayer_write write;
	struct mtdlayer_change change;
	struct mtdlayer_verify verify;
	struct mtdlayer_settle settle;
};

static void make_attach(SELF *self, union argument *argument)
{
	argument->attach.mtd = self->board.mtd;
}

static void make_detach(SELF *self, union argument *argument)
{
	argument->detach.index = self->board.index;
	/* a change of its own would hold the device */
	close(self->board.dev);
	self->board.dev = -1;
}

static void make_begin(SELF *self, union argument *argument)
{
	argument->begin.manifest = (uintptr_t)candidate(self)->manifest;
	argument->begin.manifest_size = candidate(self)->manifest_size;
}

static void make_want(SELF *self, union argument *argument)
{
	argument->want.count = 1;
	argument->want.blocks = (uintptr_t)self->block;
}

/* A block that is wanted: of layer 1, in which the two releases differ. */
static void make_write(SELF *self, union argument *argument)
{
	argument->write.layer = 1;
	argument->write.length = BOARD_BLOCK;
	argument->write.data = (uintptr_t)self->block;
	release_bytes(candidate(self), 1, 0, self->block, BOARD_BLOCK);
}

static void make_verify(SELF *self, union argument *argument)
{
	argument->verify.layer = 1;
	argument->verify.count = 2;
}

/**
 * struct operation - an ioctl, and where it begins
 * @name: for people
 * @from: the phase that it needs
 * @to: the phase that it ends in
 * @each: of its allocations, so many fail one by one, and further on every now and then: most
 *	are those of MTD devices that come and go, which takes long
 * @cmd: the ioctl
 * @make: fills in its argument, or NULL: struct mtdlayer_change as it is
 */
struct operation {
	const char *name;
	enum phase from;
	enum phase to;
	int each;
	unsigned long cmd;
	void (*make)(SELF *self, union argument *argument);
};

static const struct operation operations[] = {
	{ "attach", DETACHED, IDLE, 56, MTDLAYER_IOC_ATTACH, make_attach },
	{ "detach", IDLE, DETACHED, 4, MTDLAYER_IOC_DETACH, make_detach },
	{ "begin", IDLE, STAGING, NTH_MAX, MTDLAYER_IOC_BEGIN, make_begin },
	{ "want", STAGING, STAGING, NTH_MAX, MTDLAYER_IOC_WANT, make_want },
	{ "write", STAGING, STAGING, NTH_MAX, MTDLAYER_IOC_WRITE, make_write },
	{ "sync", STAGED, STAGED, NTH_MAX, MTDLAYER_IOC_SYNC },
	{ "abort", STAGING, IDLE, NTH_MAX, MTDLAYER_IOC_ABORT },
	{ "commit", STAGED, TRIAL, NTH_MAX, MTDLAYER_IOC_COMMIT },
	{ "boot", TRIAL, EXPOSED, 6, MTDLAYER_IOC_BOOT },
	{ "rollback", TRIAL, IDLE, NTH_MAX, MTDLAYER_IOC_ROLLBACK },
	{ "confirm", EXPOSED, IDLE, 6, MTDLAYER_IOC_CONFIRM },
	{ "verify", IDLE, IDLE, NTH_MAX, MTDLAYER_IOC_VERIFY, make_verify },
	{ "settle", IDLE, IDLE, NTH_MAX, MTDLAYER_IOC_SETTLE },
};

/* ---- one after the other ---- */

static bool same_state(const struct seen_device *a, const struct seen_device *b)
{
	return a->state == b->state && a->wanted == b->wanted && a->outcome == b->outcome &&
	       !strcmp(a->active, b->active) && !strcmp(a->candidate, b->candidate) &&
	       !strcmp(a->exposed, b->exposed);
}

/**
 * struct attempt - an operation with the n-th allocation failing
 * @before: the state when it began
 * @err: what came of it
 * @injected: whether there was an n-th
 */
struct attempt {
	struct seen_device before;
	union argument argument;
	int err;
	bool injected;
};

static const char *attempt_reason(const struct operation *operation, struct attempt *attempt)
{
	return (char *)&attempt->argument + _IOC_SIZE(operation->cmd) - MTDLAYER_REASON_SIZE;
}

static int attempt_run(SELF *self, const struct operation *operation, struct attempt *attempt,
		       int n, bool all)
{
	bool control = operation->cmd == MTDLAYER_IOC_ATTACH ||
		       operation->cmd == MTDLAYER_IOC_DETACH;

	memset(attempt, 0, sizeof(*attempt));
	if (operation->from != DETACHED && look(self, &attempt->before))
		return -ENODEV;
	if (operation->make)
		operation->make(self, &attempt->argument);
	arm(self, n, all);
	attempt->err = ioctl(control ? self->board.control : self->board.dev, operation->cmd,
			     &attempt->argument) ? -errno : 0;
	attempt->injected = disarm(self);
	return 0;
}

/* Whether a refusal is one for lack of memory, says why, and has left the state as it was. */
static bool refused_well(SELF *self, const struct operation *operation, struct attempt *attempt,
			 int n)
{
	const char *reason = attempt_reason(operation, attempt);
	struct seen_device after;
	bool fine;

	memset(&after, 0, sizeof(after));
	fine = attempt->err == -ENOMEM && attempt->injected && reason[0];
	if (operation->cmd == MTDLAYER_IOC_BOOT)
		; /* the attempt has been counted, and the old layers are gone: boot again */
	else if (operation->from == DETACHED)
		fine &= get_device(&self->wire, self->board.index, &after) == -ENODEV;
	else
		fine &= !look(self, &after) && same_state(&attempt->before, &after);
	if (!fine)
		printf("# %s, allocation %d: error %d, '%s'; state %u, was %u\n",
		       operation->name, n, attempt->err, reason, after.state, attempt->before.state);
	return fine;
}

static bool is_shown(SELF *self, enum phase phase, struct seen_device *device)
{
	int err = get_device(&self->wire, self->board.index, device);

	return phase == DETACHED ? err == -ENODEV : !err && device->state == shown[phase];
}

/*
 * Whether what is shown follows a success, although memory was short for showing it: as soon as
 * somebody looks, and the device is not at work just then.
 */
static bool shown_well(SELF *self, const struct operation *operation, int n)
{
	struct seen_device after;
	int tries;

	for (tries = 0; tries < 100; tries++) {
		if (is_shown(self, operation->to, &after))
			return true;
		usleep(10000);
	}
	printf("# %s, allocation %d: done, but state %u is shown\n", operation->name, n,
	       after.state);
	return false;
}

/* All of it, until an attempt has no n-th allocation; the number of things that went wrong. */
static int fail_each(SELF *self, const struct operation *operation, bool all)
{
	int n, step, failed = 0, wrong = 0;
	struct attempt attempt = { };
	double begin = chance_now();
	bool ready = false;

	for (n = 1, attempt.injected = true; attempt.injected && n < NTH_MAX; n += step) {
		if (!ready && bring(self, operation->from))
			return -1;
		if (attempt_run(self, operation, &attempt, n, all))
			return -1;
		ready = attempt.err && operation->cmd != MTDLAYER_IOC_DETACH &&
			operation->cmd != MTDLAYER_IOC_BOOT;
		if (attempt.err) {
			failed++;
			wrong += !refused_well(self, operation, &attempt, n);
		} else {
			wrong += !shown_well(self, operation, n);
		}
		step = n < operation->each || chance_minutes() ? 1 : n / 2;
	}
	printf("# %s: %d allocations, %d refusals, %d of them wrong, %.1f s\n", operation->name,
	       n - step, failed, wrong, chance_now() - begin);
	return wrong + attempt.injected;
}

FIXTURE_VARIANT(memory)
{
	bool all;
};

FIXTURE_VARIANT_ADD(memory, one)
{
	.all = false,
};

FIXTURE_VARIANT_ADD(memory, all_that_follow)
{
	.all = true,
};

TEST_F_TIMEOUT(memory, operations, 36000)
{
	unsigned int i;

	for (i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		EXPECT_EQ(0, fail_each(self, &operations[i], variant->all))
			TH_LOG("operation %u", i);
	/* what comes after is as if nothing had been */
	ASSERT_EQ(0, bring(self, EXPOSED));
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_CONFIRM));
	self->current = !self->current;
	for (i = 0; i < 2; i++)
		EXPECT_TRUE(board_layer_is(active(self), i));
}
