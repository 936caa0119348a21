// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All at once: readers of layers, a writer that applies releases back and forth, netlink dumps, and
 * a second device that comes and goes, with its parent pulled away under its readers.
 *
 * Each is a process of its own, goes on until the time is up, and counts what it did in memory that
 * all share.  A reader knows what the bytes can be: those of one release, whole, for as long as
 * it holds the layer open.  What else may be wrong (locking, use after free, leaks) is what the
 * debug kernels tell.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chance.h"
#include "harness.h"
#include "wire.h"

#define SECONDS		25
#define ACTORS_MAX	16
#define CHUNK		8192U

/* The flash in two: a device that stays, and one that comes and goes. */
#define STEADY_BLOCKS	36
#define FLEETING_NAME	"fleeting"
#define FLEETING_BLOCKS	(BOARD_BLOCKS - STEADY_BLOCKS)

/**
 * struct tally - what an actor did
 * @name: of the actor
 * @done: how often it did it
 * @refused: how often it could not, for a good reason
 * @wrong: how often something was wrong
 * @text: what was wrong last
 */
struct tally {
	char name[32];
	unsigned long done;
	unsigned long refused;
	unsigned long wrong;
	char text[160];
};

/**
 * struct shared - what all processes see
 * @over: it is time to stop
 * @tallies: one each
 */
struct shared {
	atomic_bool over;
	struct tally tallies[ACTORS_MAX];
};

FIXTURE(stress)
{
	struct board steady;
	struct board fleeting;
	int partition;
	struct test_release releases[2];	/* of the steady device */
	struct test_release passenger;		/* of the fleeting one */
	u8 *bytes[3];				/* layer "app" of these */
	struct chance chance;
	struct shared *shared;
	pid_t pids[ACTORS_MAX];
	int actors;
};

#define SELF	FIXTURE_DATA(stress)

static void tell(struct tally *tally, const char *format, ...)
{
	va_list arguments;

	tally->wrong++;
	va_start(arguments, format);
	vsnprintf(tally->text, sizeof(tally->text), format, arguments);
	va_end(arguments);
}

static void make_release(struct test_release *release, const char *version, const char *app,
			 u32 seed, u32 size, u32 slot)
{
	struct test_layer layers[] = {
		{ "rest", slot + 3, 2, BOARD_BLOCK + 100, NULL, 1 },
		{ app, slot, 3, size, NULL, seed },
	};

	if (strcmp(app, "app"))
		layers[0].name = "fleet-rest";
	release_make(release, version, BOARD_BLOCK, layers, 2);
}

/* The bytes of a release's layer 1, computed once: that takes longer than reading them. */
static u8 *whole_layer(const struct test_release *release)
{
	u8 *bytes = malloc(release->layers[1].size);

	if (bytes)
		release_bytes(release, 1, 0, bytes, release->layers[1].size);
	return bytes;
}

FIXTURE_SETUP(stress)
{
	int i, partition;

	chance_begin(&self->chance);
	self->shared = mmap(NULL, sizeof(*self->shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->shared);
	make_release(&self->releases[0], "1.0", "app", 3, 2 * BOARD_BLOCK + 17, 8);
	/* two blocks more than its slot has */
	make_release(&self->releases[1], "2.0", "app", 4, 4 * BOARD_BLOCK + 5, 8);
	make_release(&self->passenger, "1.0", "fleet-app", 5, 2 * BOARD_BLOCK + 999, 8);
	for (i = 0; i < 3; i++) {
		self->bytes[i] = whole_layer(i < 2 ? &self->releases[i] : &self->passenger);
		ASSERT_NE(NULL, self->bytes[i]);
	}
	board_run("modprobe mtdblock");
	ASSERT_EQ(0, board_open(&self->steady));
	partition = board_add_partition(self->steady.mtd, "steady", 0, STEADY_BLOCKS * BOARD_BLOCK);
	ASSERT_LE(0, partition);
	self->partition = partition;
	ASSERT_EQ(0, board_format(&self->steady, partition));
	ASSERT_EQ(0, board_attach(&self->steady, partition));
	ASSERT_EQ(0, board_install(&self->steady, &self->releases[0]));
}

FIXTURE_TEARDOWN(stress)
{
	int i;

	board_close(&self->steady);
	board_del_partition(self->steady.mtd, self->partition);
	for (i = 0; i < 3; i++)
		free(self->bytes[i]);
	release_free(&self->releases[0]);
	release_free(&self->releases[1]);
	release_free(&self->passenger);
	munmap(self->shared, sizeof(*self->shared));
}

static bool in_time(SELF *self)
{
	return !self->shared->over;
}

/* ---- readers ---- */

/* Whether MTD device @number, which is held open, is called @name. */
static bool is_called(int number, const char *name)
{
	char path[64], text[64] = "";
	int fd;

	snprintf(path, sizeof(path), "/sys/class/mtd/mtd%d/name", number);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	text[strcspn(text, "\n")] = '\0';
	return !strcmp(text, name);
}

/* Opens the layer, by its character or its block device; its number may be another's by then. */
static int open_layer(const char *name, bool block)
{
	int number = board_find_mtd(name, 0), fd;
	char path[32];

	if (number < 0)
		return -1;
	snprintf(path, sizeof(path), block ? "/dev/mtdblock%d" : "/dev/mtd%d", number);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && !is_called(number, name)) {
		close(fd);
		return -1;
	}
	return fd;
}

/*
 * Reads some of it here and there: all must be bytes of one of the contents @from to @to.  Those of
 * a device that was pulled away cannot be read any more: that is an error, never wrong bytes.
 */
static void read_layer(SELF *self, struct tally *tally, struct chance *chance, int fd, int from,
		       int to)
{
	const struct test_release *releases[3] = {
		&self->releases[0], &self->releases[1], &self->passenger,
	};
	u32 possible = 0, times = 2 + chance_below(chance, 8), off;
	u8 got[CHUNK];
	ssize_t n;
	int i;

	for (i = from; i <= to; i++)
		possible |= 1U << i;
	while (times-- > 0) {
		off = chance_below(chance, 2 * BOARD_BLOCK - CHUNK);
		n = pread(fd, got, sizeof(got), off);
		if (n != sizeof(got)) {
			tally->refused++;
			if (from != 2)
				tell(tally, "a read at %u gives %zd, error %d", off, n, errno);
			return;
		}
		for (i = from; i <= to; i++)
			if (off + CHUNK <= releases[i]->layers[1].size &&
			    memcmp(got, self->bytes[i] + off, CHUNK))
				possible &= ~(1U << i);
		if (!possible) {
			tell(tally, "the bytes at %u are of no release, or of two", off);
			return;
		}
		tally->done++;
	}
}

static void read_on(SELF *self, struct tally *tally, struct chance *chance, bool block,
		    bool fleeting)
{
	int fd = open_layer(fleeting ? "fleet-app" : "app", block);

	if (fd < 0) {
		tally->refused++;
		usleep(5000);
		return;
	}
	read_layer(self, tally, chance, fd, fleeting ? 2 : 0, fleeting ? 2 : 1);
	close(fd);
	/* the writer can boot only while nobody reads */
	usleep(1000 * chance_below(chance, 200));
}

static void read_char(SELF *self, struct tally *tally, struct chance *chance)
{
	read_on(self, tally, chance, false, false);
}

static void read_block(SELF *self, struct tally *tally, struct chance *chance)
{
	read_on(self, tally, chance, true, false);
}

static void read_fleeting(SELF *self, struct tally *tally, struct chance *chance)
{
	read_on(self, tally, chance, chance_one_in(chance, 2), true);
}

/* ---- the writer ---- */

static int change(SELF *self, unsigned long cmd)
{
	struct mtdlayer_change argument = { };

	return ioctl(self->steady.dev, cmd, &argument) ? -errno : 0;
}

/* Waits for a moment without readers, but not for ever. */
static int boot(SELF *self, struct tally *tally)
{
	int err = change(self, MTDLAYER_IOC_BOOT);

	while (err == -EBUSY && in_time(self)) {
		tally->refused++;
		usleep(3000);
		err = change(self, MTDLAYER_IOC_BOOT);
	}
	return err;
}

/* An upgrade to the release that is not active, up to some point. */
static int apply(SELF *self, struct chance *chance, const struct test_release *release)
{
	int err;

	err = board_begin(&self->steady, release, 0, NULL);
	if (err)
		return err;
	if (chance_one_in(chance, 6)) {
		err = board_write_wanted(&self->steady, release, 1);
		return err < 0 ? err : change(self, MTDLAYER_IOC_ABORT);
	}
	err = board_write_wanted(&self->steady, release, ~0U);
	if (err < 0)
		return err;
	return change(self, MTDLAYER_IOC_COMMIT);
}

static int finish(SELF *self, struct tally *tally, struct chance *chance)
{
	int err = boot(self, tally);

	if (err)
		return err == -EBUSY ? 0 : err;
	if (chance_one_in(chance, 3)) {
		err = change(self, MTDLAYER_IOC_ROLLBACK);
		return err ?: boot(self, tally) == -EBUSY ? 0 : err;
	}
	return change(self, MTDLAYER_IOC_CONFIRM);
}

static void write_releases(SELF *self, struct tally *tally, struct chance *chance)
{
	struct seen_device device;
	static struct wire wire;
	int err = 0;

	if (!wire.fd)
		err = wire_open(&wire);
	if (!err)
		err = get_device(&wire, self->steady.index, &device);
	if (!err && device.state == MTDLAYER_STATE_IDLE)
		err = apply(self, chance, &self->releases[!strcmp(device.active, "1.0")]);
	if (!err)
		err = get_device(&wire, self->steady.index, &device);
	if (!err && device.state == MTDLAYER_STATE_TRIAL)
		err = finish(self, tally, chance);
	if (err)
		tell(tally, "error %d, state %u: %s", err, device.state, self->steady.reason);
	else
		tally->done++;
}

/* ---- those who look ---- */

static void dump(SELF *self, struct tally *tally, struct chance *chance)
{
	static const u8 commands[] = {
		MTDLAYER_CMD_DEVICE_GET, MTDLAYER_CMD_LAYER_GET, MTDLAYER_CMD_EXTENT_GET,
	};
	u8 command = commands[chance_below(chance, 3)];
	static struct wire wire;
	int err = 0;

	if (!wire.fd)
		err = wire_open(&wire);
	request(&wire, NLM_F_DUMP, command);
	if (command == MTDLAYER_CMD_EXTENT_GET)
		wire_put_u32(&wire, MTDLAYER_A_EXTENT_DEVICE, chance_below(chance, 2));
	if (!err)
		err = wire_ask(&wire, NULL, NULL);
	if (!err)
		tally->done++;
	else if (err == -ENODEV)
		tally->refused++;
	else
		tell(tally, "command %u: error %d: %s", command, err, wire.error);
	usleep(1000 * chance_below(chance, 10));
}

/* Events as they come; who is too slow is told so, once. */
static void listen_to_events(SELF *self, struct tally *tally, struct chance *chance)
{
	static struct wire wire;
	ssize_t n;

	if (!wire.fd && (wire_open(&wire) ||
			 setsockopt(wire.fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &wire.group,
				    sizeof(wire.group)))) {
		tell(tally, "the group of events cannot be joined: error %d", errno);
		return;
	}
	n = recv(wire.fd, wire.buffer, sizeof(wire.buffer), MSG_DONTWAIT);
	if (n > 0)
		tally->done++;
	else if (errno == ENOBUFS)
		tally->refused++;
	else
		usleep(20000);
}

/* A plan of what the writer is about to do: it takes the same lock, and changes nothing. */
static void plan(SELF *self, struct tally *tally, struct chance *chance)
{
	const struct test_release *release = &self->releases[chance_below(chance, 2)];
	struct mtdlayer_begin begin = {
		.flags = MTDLAYER_BEGIN_DRY_RUN | MTDLAYER_BEGIN_REPLACE,
		.manifest = (uintptr_t)release->manifest,
		.manifest_size = release->manifest_size,
	};
	int fd = board_open_device(self->steady.index);

	if (fd < 0) {
		tell(tally, "the device cannot be opened: error %d", fd);
		return;
	}
	if (!ioctl(fd, MTDLAYER_IOC_BEGIN, &begin))
		tally->done++;
	else if (errno == EBUSY || errno == EEXIST)
		tally->refused++;
	else
		tell(tally, "error %d: %s", errno, begin.reason);
	close(fd);
	usleep(1000 * chance_below(chance, 50));
}

/* ---- the device that comes and goes ---- */

/* The parent is there again: what was on it still is. */
static int arrive(SELF *self, struct board *board, bool first)
{
	int partition, err;

	partition = board_add_partition(self->steady.mtd, FLEETING_NAME,
					STEADY_BLOCKS * BOARD_BLOCK, FLEETING_BLOCKS * BOARD_BLOCK);
	if (partition < 0)
		return -ENODEV;
	if (first) {
		err = board_format(board, partition);
		if (err)
			return err;
	}
	board->mtd = partition;
	err = board_attach(board, partition);
	if (!err && first)
		err = board_install(board, &self->passenger);
	return err;
}

static int detach_quietly(struct board *board)
{
	struct mtdlayer_detach detach = { .index = board->index };

	return ioctl(board->control, MTDLAYER_IOC_DETACH, &detach) ? -errno : 0;
}

/* Modules that are in use stay. */
static int unload_in_use(void)
{
	static const char * const modules[] = { "mtdram", "mtdlayer" };
	unsigned int i;

	for (i = 0; i < 2; i++)
		if (!syscall(SYS_delete_module, modules[i], O_NONBLOCK))
			return -EUCLEAN;
	return 0;
}

static void come_and_go(SELF *self, struct tally *tally, struct chance *chance)
{
	static struct board board;
	int err;

	if (!board.control)
		board.control = self->steady.control;
	err = arrive(self, &board, !tally->done);
	if (err) {
		tell(tally, "it cannot be attached: error %d: %s", err, board.reason);
		return;
	}
	usleep(1000 * chance_below(chance, 300));
	err = unload_in_use();
	if (err)
		tell(tally, "a module that is in use was unloaded");
	if (chance_one_in(chance, 2))
		close(board.dev);
	if (chance_one_in(chance, 2)) {
		err = detach_quietly(&board);
		tally->refused += err == -EBUSY;
		if (err && err != -EBUSY)
			tell(tally, "it cannot be detached: error %d", err);
	}
	err = board_del_partition(self->steady.mtd, board.mtd);
	if (err)
		tell(tally, "its parent cannot be removed: error %d", err);
	/* closed once or never */
	if (fcntl(board.dev, F_GETFD) >= 0)
		close(board.dev);
	tally->done++;
}

/* ---- all together ---- */

typedef void (*actor)(SELF *self, struct tally *tally, struct chance *chance);

static void start(SELF *self, const char *name, actor act)
{
	struct tally *tally = &self->shared->tallies[self->actors];
	struct chance chance = chance_fork(&self->chance, self->actors + 1);
	pid_t pid;

	snprintf(tally->name, sizeof(tally->name), "%s", name);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* refusals are many, and the verdict's channel is slow */
		freopen("/dev/null", "w", stdout);
		while (in_time(self))
			act(self, tally, &chance);
		_exit(0);
	}
	self->pids[self->actors++] = pid;
}

static bool some_idle(SELF *self)
{
	int i;

	for (i = 0; i < self->actors; i++)
		if (!self->shared->tallies[i].done)
			return true;
	return false;
}

/*
 * Until the time is up, and, on a machine that is busy otherwise, some more for those who have not
 * had their turn; tells now and then that it goes on.
 */
static void let_them(SELF *self, double seconds)
{
	const struct tally *tallies = self->shared->tallies;
	double end = chance_now() + seconds;

	while (chance_now() < end || (chance_now() < end + 120 && some_idle(self))) {
		sleep(5);
		printf("# %lu upgrades, %lu reads, %lu comings and goings\n", tallies[0].done,
		       tallies[1].done, tallies[self->actors - 1].done);
	}
	self->shared->over = true;
}

/* False if one died. */
static bool wait_for_all(SELF *self)
{
	bool fine = true;
	int i, status;

	for (i = 0; i < self->actors; i++) {
		waitpid(self->pids[i], &status, 0);
		if (!WIFEXITED(status) || WEXITSTATUS(status)) {
			printf("# %s ended with status %x\n", self->shared->tallies[i].name,
			       status);
			fine = false;
		}
	}
	return fine;
}

TEST_F_TIMEOUT(stress, all_at_once, 360000)
{
	u32 minutes = chance_minutes();
	int i;

	start(self, "writer", write_releases);
	start(self, "reader", read_char);
	start(self, "second reader", read_char);
	start(self, "block reader", read_block);
	start(self, "second block reader", read_block);
	start(self, "fleeting reader", read_fleeting);
	start(self, "second fleeting reader", read_fleeting);
	start(self, "dumper", dump);
	start(self, "listener", listen_to_events);
	start(self, "planner", plan);
	start(self, "fleeting device", come_and_go);
	let_them(self, minutes ? 60 * minutes : SECONDS);
	EXPECT_TRUE(wait_for_all(self));
	for (i = 0; i < self->actors; i++) {
		struct tally *tally = &self->shared->tallies[i];

		printf("# %s: %lu done, %lu refused, %lu wrong%s%s\n", tally->name, tally->done,
		       tally->refused, tally->wrong, tally->wrong ? ", the last: " : "",
		       tally->text);
		EXPECT_LT(0, tally->done);
		EXPECT_EQ(0, tally->wrong);
	}
	EXPECT_TRUE(board_wait_no_mtd("fleet-app"));
}
