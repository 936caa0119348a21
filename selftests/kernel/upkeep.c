// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the tests of settling, installing and scrubbing share.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "upkeep.h"

static void take_status(const struct nlmsghdr *header, void *arg)
{
	struct upkeep_status *status = arg;

	status->state = message_u32(header, MTDLAYER_A_DEVICE_STATE);
	status->work = message_u32(header, MTDLAYER_A_DEVICE_WORK);
	status->settleable = message_u32(header, MTDLAYER_A_DEVICE_SETTLEABLE);
	status->reserve = message_u32(header, MTDLAYER_A_DEVICE_RESERVE);
	status->reserve_left = message_u32(header, MTDLAYER_A_DEVICE_RESERVE_LEFT);
	status->epoch = message_u32(header, MTDLAYER_A_DEVICE_EPOCH);
	status->write = message_u32(header, MTDLAYER_A_DEVICE_WRITE);
	snprintf(status->last_error, sizeof(status->last_error), "%s",
		 attribute_text(message_attribute(header, MTDLAYER_A_DEVICE_LAST_ERROR)));
}

int upkeep_status(u32 index, struct upkeep_status *status)
{
	struct wire wire;
	int err;

	memset(status, 0, sizeof(*status));
	err = wire_open(&wire);
	if (err)
		return err;
	request(&wire, 0, MTDLAYER_CMD_DEVICE_GET);
	wire_put_u32(&wire, MTDLAYER_A_DEVICE_INDEX, index);
	err = wire_ask(&wire, take_status, status);
	close(wire.fd);
	return err;
}

bool upkeep_wait(u32 index, int seconds)
{
	struct upkeep_status status;
	int tries, err = 0;

	for (tries = 0; tries < 50 * seconds; tries++) {
		err = upkeep_status(index, &status);
		if (!err && status.work == MTDLAYER_WORK_NONE)
			return true;
		usleep(20000);
	}
	printf("# mtdlayer%u does not come to rest: error %d, state %u, work %u, away %u, '%s'\n",
	       index, err, status.state, status.work, status.settleable, status.last_error);
	return false;
}

int upkeep_listen(struct wire *wire)
{
	int err = wire_open(wire);

	if (err)
		return err;
	if (setsockopt(wire->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &wire->group,
		       sizeof(wire->group)))
		return -errno;
	return 0;
}

int upkeep_next(struct wire *wire, u32 kind, int seconds, struct upkeep_event *event)
{
	const struct nlmsghdr *header = (const struct nlmsghdr *)wire->buffer;
	struct pollfd poller = { .fd = wire->fd, .events = POLLIN };
	time_t end = time(NULL) + seconds + 1;

	while (time(NULL) < end) {
		if (poll(&poller, 1, 100) != 1 ||
		    recv(wire->fd, wire->buffer, sizeof(wire->buffer), 0) <= 0)
			continue;
		event->kind = message_u32(header, MTDLAYER_A_EVENT_KIND);
		if (event->kind != kind)
			continue;
		event->release = message_u32(header, MTDLAYER_A_EVENT_RELEASE);
		event->layer = message_u32(header, MTDLAYER_A_EVENT_LAYER);
		event->logical = message_u32(header, MTDLAYER_A_EVENT_LOGICAL);
		event->block = message_u32(header, MTDLAYER_A_EVENT_BLOCK);
		event->to = message_u32(header, MTDLAYER_A_EVENT_TO);
		event->away = message_u32(header, MTDLAYER_A_EVENT_AWAY);
		event->error = message_u32(header, MTDLAYER_A_EVENT_ERROR);
		return 0;
	}
	return -ETIMEDOUT;
}

int upkeep_parameter(const char *name, const char *value)
{
	char command[128];

	snprintf(command, sizeof(command), "echo %s >/sys/module/mtdlayer/parameters/%s", value,
		 name);
	return board_run(command);
}

int upkeep_settle(struct board *board, u32 steps, struct mtdlayer_settle *arg)
{
	struct mtdlayer_settle local;

	arg = arg ?: &local;
	memset(arg, 0, sizeof(*arg));
	arg->steps = steps;
	return board_ioctl(board, board->dev, MTDLAYER_IOC_SETTLE, arg);
}

void upkeep_policy(struct test_release *release, u32 layer, u32 policy)
{
	u8 *at = release->manifest + sizeof(struct mtdl_media_manifest);
	struct mtdl_media_manifest_layer *value;

	for (; layer; layer--)
		at += sizeof(struct mtdl_media_record) +
		      le32_to_cpu(((struct mtdl_media_record *)at)->length);
	value = (void *)(at + sizeof(struct mtdl_media_record));
	value->policy = cpu_to_le32(policy);
	release_redigest(release);
}

bool upkeep_is_home(int mtd, const struct test_release *release, u32 layer)
{
	const struct test_layer *l = &release->layers[layer];
	u8 *wanted = malloc(l->size), *bytes = malloc(l->size);
	int fd = board_open_mtd(mtd, O_RDONLY);
	bool same = false;

	if (wanted && bytes && fd >= 0) {
		release_bytes(release, layer, 0, wanted, l->size);
		same = pread(fd, bytes, l->size, (off_t)l->slot_start * release->block_size) ==
		       l->size && !memcmp(bytes, wanted, l->size);
	}
	if (fd >= 0)
		close(fd);
	free(bytes);
	free(wanted);
	return same;
}

int upkeep_upgrade(struct board *board, const struct test_release *release)
{
	int err = board_install(board, release);

	if (!err)
		err = board_change(board, MTDLAYER_IOC_BOOT);
	return err ?: board_change(board, MTDLAYER_IOC_CONFIRM);
}

void upkeep_release(struct test_release *release, const char *version, u32 seed)
{
	struct test_layer layers[] = {
		{ "kernel", BOARD_KERNEL_START, BOARD_KERNEL_BLOCKS, 3 * BOARD_BLOCK, NULL, seed },
		{ "system", BOARD_SYSTEM_START, BOARD_SYSTEM_BLOCKS, 5 * BOARD_BLOCK + 1000,
		  NULL, seed + 1 },
		{ "app", BOARD_APP_START, BOARD_APP_BLOCKS, BOARD_BLOCK + 17, NULL, seed + 2 },
	};

	release_make(release, version, BOARD_BLOCK, layers, 3);
}

/* ---- readers ---- */

#define READERS_MAX	4

struct upkeep_reader {
	pthread_t thread;
	int fd;
	u32 layer;
	atomic_bool *stop;
	atomic_ulong reads;
	unsigned long wrong, failed;
	const struct test_release *release;
};

static atomic_bool readers_stop;

static void *read_on(void *arg)
{
	struct upkeep_reader *reader = arg;
	u32 size = reader->release->layers[reader->layer].size;
	u8 got[4096], wanted[4096];
	u32 off = 0;

	while (!*reader->stop) {
		if (pread(reader->fd, got, sizeof(got), off) == sizeof(got)) {
			release_bytes(reader->release, reader->layer, off, wanted, sizeof(wanted));
			reader->wrong += memcmp(got, wanted, sizeof(got)) != 0;
			reader->reads++;
		} else {
			reader->failed++;
		}
		off = (off + 54321) % (size - sizeof(got));
	}
	return NULL;
}

static bool all_have_read(const struct upkeep_reader *readers)
{
	for (; readers->stop; readers++)
		if (!readers->reads)
			return false;
	return true;
}

struct upkeep_reader *upkeep_readers(const struct test_release *release, u32 layer, int count)
{
	struct upkeep_reader *readers = calloc(READERS_MAX + 1, sizeof(*readers));
	int i, tries;

	readers_stop = false;
	for (i = 0; readers && i < count && i < READERS_MAX; i++) {
		readers[i].layer = layer;
		readers[i].release = release;
		readers[i].fd = board_open_mtd(board_find_mtd(release->layers[layer].name, 0),
					       O_RDONLY);
		if (readers[i].fd < 0)
			break;
		readers[i].stop = &readers_stop;
		if (pthread_create(&readers[i].thread, NULL, read_on, &readers[i])) {
			close(readers[i].fd);
			readers[i].stop = NULL;
			break;
		}
	}
	/* a slow machine hashes long before it has read for the first time */
	for (tries = 0; readers && i == count && tries < 1000 && !all_have_read(readers); tries++)
		usleep(10000);
	if (readers && i == count)
		return readers;
	if (readers)
		upkeep_readers_end(readers);
	return NULL;
}

bool upkeep_readers_end(struct upkeep_reader *readers)
{
	bool fine = true;
	int i;

	readers_stop = true;
	for (i = 0; readers[i].stop; i++) {
		pthread_join(readers[i].thread, NULL);
		close(readers[i].fd);
		printf("# reader %d: %lu reads, %lu wrong, %lu failed\n", i,
		       (unsigned long)readers[i].reads, readers[i].wrong, readers[i].failed);
		fine &= readers[i].reads && !readers[i].wrong && !readers[i].failed;
	}
	free(readers);
	return fine;
}
