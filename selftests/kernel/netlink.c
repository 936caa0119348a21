// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The generic netlink family: what it shows, what it tells, what it refuses.
 */
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "wire.h"

FIXTURE(netlink)
{
	struct board board;
	struct test_release one, two;
	struct wire wire;
};

FIXTURE_SETUP(netlink)
{
	usual_release(&self->one, "1.0", 3, BOARD_BLOCK + 17);
	usual_release(&self->two, "2.0", 4, 3 * BOARD_BLOCK + 5);
	ASSERT_EQ(0, board_open(&self->board));
	ASSERT_EQ(0, board_format(&self->board, self->board.mtd));
	ASSERT_EQ(0, board_attach(&self->board, self->board.mtd));
	ASSERT_EQ(0, board_install(&self->board, &self->one));
	ASSERT_EQ(0, wire_open(&self->wire));
}

FIXTURE_TEARDOWN(netlink)
{
	close(self->wire.fd);
	board_close(&self->board);
	release_free(&self->one);
	release_free(&self->two);
}

TEST_F(netlink, device_get)
{
	struct seen_device device;

	ASSERT_EQ(0, get_device(&self->wire, 0, &device));
	EXPECT_EQ(0, device.index);
	EXPECT_EQ(self->board.mtd, device.mtd);
	EXPECT_STREQ("mtdram test device", device.mtd_name);
	EXPECT_EQ(MTDLAYER_STATE_IDLE, device.state);
	EXPECT_STREQ("1.0", device.active);
	EXPECT_STREQ("1.0", device.exposed);
	EXPECT_STREQ("", device.candidate);
	/* 8 of the table, 11 of the layers, 2 of the manifest */
	EXPECT_EQ(BOARD_BLOCKS - 8 - 11 - 2, device.free_blocks);
}

/* What is shown follows every step. */
TEST_F(netlink, states)
{
	struct seen_device device;

	ASSERT_EQ(0, board_begin(&self->board, &self->two, 0, NULL));
	ASSERT_EQ(0, get_device(&self->wire, 0, &device));
	EXPECT_EQ(MTDLAYER_STATE_STAGING, device.state);
	EXPECT_EQ(4, device.wanted);
	EXPECT_STREQ("2.0", device.candidate);
	ASSERT_EQ(1, board_write_wanted(&self->board, &self->two, 1));
	ASSERT_EQ(0, get_device(&self->wire, 0, &device));
	EXPECT_EQ(3, device.wanted);
	ASSERT_EQ(3, board_write_wanted(&self->board, &self->two, 9));
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_COMMIT));
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_BOOT));
	ASSERT_EQ(0, get_device(&self->wire, 0, &device));
	EXPECT_EQ(MTDLAYER_STATE_TRIAL, device.state);
	EXPECT_STREQ("1.0", device.active);
	EXPECT_STREQ("2.0", device.exposed);
	ASSERT_EQ(0, board_change(&self->board, MTDLAYER_IOC_CONFIRM));
	ASSERT_EQ(0, get_device(&self->wire, 0, &device));
	EXPECT_STREQ("2.0", device.active);
	EXPECT_EQ(MTDLAYER_OUTCOME_CONFIRMED, device.outcome);
}

TEST_F(netlink, device_dump)
{
	struct seen_device device = { };

	request(&self->wire, NLM_F_DUMP, MTDLAYER_CMD_DEVICE_GET);
	ASSERT_EQ(0, wire_ask(&self->wire, take_device, &device));
	EXPECT_EQ(1, device.count);
	EXPECT_STREQ("1.0", device.active);
	ASSERT_EQ(0, board_detach(&self->board));
	memset(&device, 0, sizeof(device));
	request(&self->wire, NLM_F_DUMP, MTDLAYER_CMD_DEVICE_GET);
	ASSERT_EQ(0, wire_ask(&self->wire, take_device, &device));
	EXPECT_EQ(0, device.count);
}

struct seen_layers {
	int count;
	int with_mtd;
	u32 blocks;
};

static void take_layer(const struct nlmsghdr *header, void *arg)
{
	struct seen_layers *layers = arg;

	layers->count++;
	layers->blocks += message_u32(header, MTDLAYER_A_LAYER_BLOCKS);
	if (message_attribute(header, MTDLAYER_A_LAYER_MTD_INDEX) &&
	    message_u32(header, MTDLAYER_A_LAYER_RELEASE) == MTDLAYER_RELEASE_EXPOSED)
		layers->with_mtd++;
}

/* Three layers, of active and of exposed; only what is exposed has MTD devices. */
TEST_F(netlink, layer_dump)
{
	struct seen_layers layers = { };

	request(&self->wire, NLM_F_DUMP, MTDLAYER_CMD_LAYER_GET);
	ASSERT_EQ(0, wire_ask(&self->wire, take_layer, &layers));
	EXPECT_EQ(6, layers.count);
	EXPECT_EQ(3, layers.with_mtd);
	EXPECT_EQ(22, layers.blocks);
}

struct seen_extents {
	u32 next;
	bool gap;
	u32 used[8];
};

static void take_extent(const struct nlmsghdr *header, void *arg)
{
	struct seen_extents *extents = arg;
	u32 use = message_u32(header, MTDLAYER_A_EXTENT_USE);
	u32 count = message_u32(header, MTDLAYER_A_EXTENT_COUNT);

	if (message_u32(header, MTDLAYER_A_EXTENT_BLOCK) != extents->next || !count)
		extents->gap = true;
	extents->next += count;
	if (use < 8)
		extents->used[use] += count;
}

/* Every block once, in order. */
TEST_F(netlink, extent_dump)
{
	struct seen_extents extents = { };

	ASSERT_EQ(0, board_begin(&self->board, &self->two, 0, NULL));
	request(&self->wire, NLM_F_DUMP, MTDLAYER_CMD_EXTENT_GET);
	wire_put_u32(&self->wire, MTDLAYER_A_EXTENT_DEVICE, 0);
	ASSERT_EQ(0, wire_ask(&self->wire, take_extent, &extents));
	EXPECT_FALSE(extents.gap);
	EXPECT_EQ(BOARD_BLOCKS, extents.next);
	EXPECT_EQ(8, extents.used[MTDLAYER_USE_TABLE]);
	EXPECT_EQ(9, extents.used[MTDLAYER_USE_BOTH]);
	EXPECT_EQ(2, extents.used[MTDLAYER_USE_ACTIVE]);
	EXPECT_EQ(4, extents.used[MTDLAYER_USE_CANDIDATE]);
	EXPECT_EQ(4, extents.used[MTDLAYER_USE_MANIFEST]);
}

TEST_F(netlink, missing_attributes)
{
	request(&self->wire, 0, MTDLAYER_CMD_DEVICE_GET);
	EXPECT_EQ(-EINVAL, wire_ask(&self->wire, NULL, NULL));
	EXPECT_NE(NULL, strstr(self->wire.error, "attribute index is missing"));
	request(&self->wire, NLM_F_DUMP, MTDLAYER_CMD_EXTENT_GET);
	/* kernels that let no text through here have none: the error must come all the same */
	EXPECT_EQ(-EINVAL, wire_ask(&self->wire, NULL, NULL));
	if (self->wire.error[0])
		EXPECT_NE(NULL, strstr(self->wire.error, "attribute device is missing"));
}

TEST_F(netlink, no_such_device)
{
	struct seen_device device;

	EXPECT_EQ(-ENODEV, get_device(&self->wire, 5, &device));
	EXPECT_NE(NULL, strstr(self->wire.error, "no device with this index"));
	/* beyond what an index can be */
	EXPECT_EQ(-ERANGE, get_device(&self->wire, 4096, &device));
	request(&self->wire, NLM_F_DUMP, MTDLAYER_CMD_LAYER_GET);
	wire_put_u32(&self->wire, MTDLAYER_A_LAYER_DEVICE, 5);
	EXPECT_EQ(-ENODEV, wire_ask(&self->wire, NULL, NULL));
}

TEST_F(netlink, unknown_attributes)
{
	request(&self->wire, 0, MTDLAYER_CMD_DEVICE_GET);
	wire_put_u32(&self->wire, MTDLAYER_A_DEVICE_INDEX, 0);
	wire_put_u32(&self->wire, 99, 0);
	EXPECT_EQ(-EINVAL, wire_ask(&self->wire, NULL, NULL));
	EXPECT_NE('\0', self->wire.error[0]);
	request(&self->wire, NLM_F_DUMP, MTDLAYER_CMD_LAYER_GET);
	wire_put_u32(&self->wire, MTDLAYER_A_LAYER_NAME, 0);
	EXPECT_EQ(-EINVAL, wire_ask(&self->wire, NULL, NULL));
}

TEST_F(netlink, malformed)
{
	struct nlmsghdr *header;
	u16 half = 0;

	/* two bytes for a number of four */
	request(&self->wire, 0, MTDLAYER_CMD_DEVICE_GET);
	wire_put(&self->wire, MTDLAYER_A_DEVICE_INDEX, &half, sizeof(half));
	EXPECT_NE(0, wire_ask(&self->wire, NULL, NULL));
	/* an attribute that is longer than the message */
	header = request(&self->wire, 0, MTDLAYER_CMD_DEVICE_GET);
	wire_put_u32(&self->wire, MTDLAYER_A_DEVICE_INDEX, 0);
	((struct nlattr *)(self->wire.buffer + NLMSG_LENGTH(GENL_HDRLEN)))->nla_len = 200;
	EXPECT_EQ(-EINVAL, wire_ask(&self->wire, NULL, NULL));
	/* trailing bytes */
	header = request(&self->wire, 0, MTDLAYER_CMD_DEVICE_GET);
	wire_put_u32(&self->wire, MTDLAYER_A_DEVICE_INDEX, 0);
	header->nlmsg_len += 2;
	EXPECT_EQ(-EINVAL, wire_ask(&self->wire, NULL, NULL));
	/* a command that there is not */
	request(&self->wire, 0, 77);
	EXPECT_EQ(-EOPNOTSUPP, wire_ask(&self->wire, NULL, NULL));
	/* layers are dumped, never got */
	request(&self->wire, 0, MTDLAYER_CMD_LAYER_GET);
	EXPECT_EQ(-EOPNOTSUPP, wire_ask(&self->wire, NULL, NULL));
}

/* A reserved byte of the generic header. */
TEST_F(netlink, reserved_header)
{
	struct nlmsghdr *header = request(&self->wire, 0, MTDLAYER_CMD_DEVICE_GET);
	struct genlmsghdr *generic = NLMSG_DATA(header);

	wire_put_u32(&self->wire, MTDLAYER_A_DEVICE_INDEX, 0);
	generic->reserved = 1;
	EXPECT_EQ(-EINVAL, wire_ask(&self->wire, NULL, NULL));
}

static u32 next_event(struct wire *wire, struct nlmsghdr **header)
{
	ssize_t n = recv(wire->fd, wire->buffer, sizeof(wire->buffer), 0);

	*header = (void *)wire->buffer;
	if (n < 0 || (*header)->nlmsg_type != wire->family)
		return ~0U;
	return message_u32(*header, MTDLAYER_A_EVENT_KIND);
}

/* Staging, blocks, the state after each step, and the end: told in order. */
TEST_F(netlink, events)
{
	struct nlmsghdr *header;
	u32 kind, states = 0, done = 0, total = 1, relocated = 0, detached = 0;

	ASSERT_EQ(0, setsockopt(self->wire.fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
				&self->wire.group, sizeof(self->wire.group)));
	ASSERT_EQ(0, board_install(&self->board, &self->two));
	close(self->board.dev);
	self->board.dev = -1;
	ASSERT_EQ(0, board_detach(&self->board));
	while (!detached) {
		kind = next_event(&self->wire, &header);
		ASSERT_NE(~0U, kind);
		EXPECT_EQ(0, message_u32(header, MTDLAYER_A_EVENT_DEVICE));
		switch (kind) {
		case MTDLAYER_EVENT_STATE:
			states |= 1U << message_u32(header, MTDLAYER_A_EVENT_STATE);
			break;
		case MTDLAYER_EVENT_PROGRESS:
			done = message_u32(header, MTDLAYER_A_EVENT_DONE);
			total = message_u32(header, MTDLAYER_A_EVENT_TOTAL);
			break;
		case MTDLAYER_EVENT_RELOCATED:
			relocated++;
			break;
		case MTDLAYER_EVENT_DETACHED:
			detached++;
			break;
		}
	}
	EXPECT_EQ(1U << MTDLAYER_STATE_STAGING | 1U << MTDLAYER_STATE_TRIAL, states);
	EXPECT_EQ(total, done);
	EXPECT_LE(2, relocated);
}

struct step {
	struct board *board;
	int err;
};

static void *abort_staging(void *arg)
{
	struct step *step = arg;

	step->err = board_change(step->board, MTDLAYER_IOC_ABORT);
	return NULL;
}

/*
 * Who is told of a state and looks at once, finds it shown.  The flash takes its time here, and
 * the core is idle before it writes its table: what is told too early is seen to be wrong.
 */
TEST_F(netlink, event_after_status)
{
	struct step step = { .board = &self->board };
	struct seen_device device;
	struct nlmsghdr *header;
	struct wire listener;
	pthread_t thread;
	int nand, round;
	u32 state;

	nand = board_load_nand("do_delays=1");
	if (nand < 0)
		SKIP(return, "no nandsim");
	close(self->board.dev);
	self->board.dev = -1;
	ASSERT_EQ(0, board_detach(&self->board));
	ASSERT_EQ(0, board_format(&self->board, nand));
	ASSERT_EQ(0, board_attach(&self->board, nand));
	ASSERT_EQ(0, wire_open(&listener));
	ASSERT_EQ(0, setsockopt(listener.fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
				&listener.group, sizeof(listener.group)));
	for (round = 0; round < 3; round++) {
		ASSERT_EQ(0, board_begin(&self->board, &self->two, 0, NULL));
		ASSERT_EQ(0, pthread_create(&thread, NULL, abort_staging, &step));
		do {
			ASSERT_NE(~0U, next_event(&listener, &header));
			state = message_u32(header, MTDLAYER_A_EVENT_STATE);
		} while (state != MTDLAYER_STATE_IDLE);
		EXPECT_EQ(0, get_device(&self->wire, 0, &device));
		EXPECT_EQ(MTDLAYER_STATE_IDLE, device.state);
		EXPECT_STREQ("", device.candidate);
		pthread_join(thread, NULL);
		ASSERT_EQ(0, step.err);
	}
	close(listener.fd);
}

/* What udev sees: each change of state, with its name. */
TEST_F(netlink, uevents)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	struct timeval limit = { .tv_sec = 5 };
	bool staging = false;
	char text[4096];
	ssize_t n, i;
	int fd;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	ASSERT_LE(0, fd);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	ASSERT_EQ(0, bind(fd, (struct sockaddr *)&address, sizeof(address)));
	ASSERT_EQ(0, board_begin(&self->board, &self->two, 0, NULL));
	while (!staging) {
		n = recv(fd, text, sizeof(text) - 1, 0);
		ASSERT_LT(0, n);
		text[n] = '\0';
		if (strncmp(text, "change@", 7) || !strstr(text, "mtdlayer0"))
			continue;
		for (i = 0; i < n; i += strlen(text + i) + 1)
			staging |= !strcmp(text + i, "STATE=staging");
	}
	close(fd);
}
