// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A target in the kernel: seen through generic netlink, changed through the ioctls
 * of /dev/mtdlayerN, read through the MTD devices of its layers.
 *
 * Looking needs no more than netlink, which everybody may use; the node is opened
 * only for what needs it.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "interrupt.h"
#include "netlink.h"
#include "target.h"
#include "view_kernel.h"

#define DEVICE_PREFIX	"mtdlayer"
#define WANT_MAX	4096	/* what the ioctls take at once */
#define VERIFY_MAX	1024
#define SETTLE_STEPS	16	/* between two looks at progress and signals */

/*
 * struct kernel_target
 * @name: "mtdlayer0"
 * @fd: of /dev/mtdlayerN, -1 if not opened yet
 * @read_layer: the layer that was read last; empty: none
 * @read_fd: of its MTD device
 * @read_size: its bytes; the MTD device may have a tail
 */
struct kernel_target {
	struct target target;
	struct netlink *netlink;
	char name[32];
	uint32_t index;
	int fd;
	char read_layer[MTDL_NAME_SIZE + 1];
	int read_fd;
	uint64_t read_size;
};

static struct kernel_target *to_kernel(struct target *t)
{
	return (struct kernel_target *)((char *)t - offsetof(struct kernel_target, target));
}

static int open_node(struct kernel_target *kernel, int mode, struct mtdl_reason *why)
{
	char path[48];

	snprintf(path, sizeof(path), "/dev/%s", kernel->name);
	kernel->fd = open(path, mode | O_CLOEXEC);
	if (kernel->fd >= 0)
		return 0;
	switch (errno) {
	case EACCES:
	case EPERM:
		return mtdl_fail(why, -errno, "%s may not be opened: this needs root, or the node's owner",
				 path);
	case EBUSY:
		return mtdl_fail(why, -errno, "%s is in use by another program: wait until it is done",
				 path);
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return mtdl_fail(why, -errno, "there is no %s: `layerctl attach mtdN` makes it, `layerctl status` shows what is attached",
				 path);
	default:
		return mtdl_fail(why, -errno, "%s cannot be opened: %s", path, strerror(errno));
	}
}

/* Pass on the reason that an ioctl left in @text, or say it for the kernel. */
static int ioctl_failed(const struct kernel_target *kernel, int error, const char *what,
			const char *text, struct mtdl_reason *why)
{
	if (*text)
		return mtdl_fail(why, -error, "%.*s", MTDLAYER_REASON_SIZE - 1, text);
	switch (error) {
	case EBUSY:
		return mtdl_fail(why, -error, "%s: %s: another program is changing it: wait until it is done",
				 kernel->name, what);
	case ENODEV:
		return mtdl_fail(why, -error, "%s: %s: it was detached meanwhile: attach it again",
				 kernel->name, what);
	case EBADF:
		return mtdl_fail(why, -error, "%s: %s: the node was opened for reading only",
				 kernel->name, what);
	case ENOTTY:
		return mtdl_fail(why, -error, "%s: %s: the kernel module does not know this request: layerctl and mtdlayer.ko must be of the same version",
				 kernel->name, what);
	default:
		return mtdl_fail(why, -error, "%s: %s: %s", kernel->name, what, strerror(error));
	}
}

static int kernel_view(struct target *t, struct view *view, struct mtdl_reason *why)
{
	struct kernel_target *kernel = to_kernel(t);

	return view_from_kernel(kernel->netlink, kernel->index, view, why);
}

static void copy_plan(struct mtdl_plan *plan, const struct mtdlayer_begin *request,
		      const struct mtdlayer_plan_layer *layers)
{
	*plan = (struct mtdl_plan){
		.layers_changed = request->layers_changed,
		.blocks = request->blocks,
		.blocks_done = request->blocks_done,
		.relocated = request->relocated,
		.overflow = request->overflow,
		.bytes = request->bytes,
		.erases = request->erases,
		.copied = request->copied,
		.aside = request->aside,
		.in_place = request->in_place,
		.free_after = request->free_after,
		.reserve = request->reserve,
		.missing = request->missing,
		.resumed = request->plan_flags & MTDLAYER_PLAN_RESUMED,
		.current_release = request->plan_flags & MTDLAYER_PLAN_CURRENT,
		.layer_count = request->layer_count,
	};
	if (plan->layer_count > MTDL_LAYERS_MAX)
		plan->layer_count = MTDL_LAYERS_MAX;
	for (uint32_t i = 0; i < plan->layer_count; i++)
		plan->layers[i] = (struct mtdl_plan_layer){
			.blocks = layers[i].blocks,
			.changed = layers[i].changed,
			.relocated = layers[i].relocated,
			.overflow = layers[i].overflow,
			.in_place = layers[i].flags & MTDLAYER_PLAN_LAYER_IN_PLACE,
			.bytes = layers[i].bytes,
		};
}

static int kernel_begin(struct target *t, const void *manifest, uint32_t manifest_size,
			const void *signature, uint32_t signature_size, uint32_t flags,
			struct mtdl_plan *plan, struct mtdl_reason *why)
{
	struct kernel_target *kernel = to_kernel(t);
	struct mtdlayer_plan_layer layers[MTDL_LAYERS_MAX] = { 0 };
	struct mtdlayer_begin request = {
		.flags = (flags & MTDL_BEGIN_DRY_RUN ? MTDLAYER_BEGIN_DRY_RUN : 0) |
			 (flags & MTDL_BEGIN_REPLACE ? MTDLAYER_BEGIN_REPLACE : 0) |
			 (flags & MTDL_BEGIN_IN_PLACE ? MTDLAYER_BEGIN_IN_PLACE : 0),
		.manifest_size = manifest_size,
		.manifest = (uintptr_t)manifest,
		.signature = signature_size ? (uintptr_t)signature : 0,
		.signature_size = signature_size,
		.layer_room = MTDL_LAYERS_MAX,
		.layers = (uintptr_t)layers,
	};
	int err = 0;

	/* a dry run is asked for by who may only look, too */
	if (kernel->fd < 0)
		err = open_node(kernel, O_RDONLY, why);
	if (err)
		return err;
	if (ioctl(kernel->fd, MTDLAYER_IOC_BEGIN, &request))
		err = ioctl_failed(kernel, errno, "begin", request.reason, why);
	copy_plan(plan, &request, layers);
	return err;
}

static int kernel_want(struct target *t, struct mtdl_wanted *wanted, uint32_t *count,
		       struct mtdl_reason *why)
{
	struct kernel_target *kernel = to_kernel(t);
	struct mtdlayer_want request = {
		.count = *count > WANT_MAX ? WANT_MAX : *count,
		.blocks = (uintptr_t)wanted,
	};

	_Static_assert(sizeof(*wanted) == sizeof(struct mtdlayer_wanted) &&
		       offsetof(struct mtdl_wanted, block) == offsetof(struct mtdlayer_wanted, block),
		       "one array for both");
	if (ioctl(kernel->fd, MTDLAYER_IOC_WANT, &request))
		return ioctl_failed(kernel, errno, "want", request.reason, why);
	*count = request.count;
	return 0;
}

static int kernel_write(struct target *t, uint32_t layer, uint32_t block, const void *data,
			uint32_t length, struct mtdl_reason *why)
{
	struct kernel_target *kernel = to_kernel(t);
	struct mtdlayer_write request = {
		.layer = layer,
		.block = block,
		.length = length,
		.data = (uintptr_t)data,
	};

	if (ioctl(kernel->fd, MTDLAYER_IOC_WRITE, &request))
		return ioctl_failed(kernel, errno, "write", request.reason, why);
	return 0;
}

static int change(struct target *t, unsigned long code, const char *what, const uint8_t *digest,
		  struct mtdl_reason *why)
{
	struct kernel_target *kernel = to_kernel(t);
	struct mtdlayer_change request = { .digest_valid = !!digest };

	if (digest)
		memcpy(request.digest, digest, sizeof(request.digest));
	if (ioctl(kernel->fd, code, &request))
		return ioctl_failed(kernel, errno, what, request.reason, why);
	/* the reason of what went another way than asked, but well: boot exposing active */
	if (*request.reason)
		mtdl_fail(why, 0, "%.*s", MTDLAYER_REASON_SIZE - 1, request.reason);
	return 0;
}

static int kernel_sync(struct target *t, struct mtdl_reason *why)
{
	return change(t, MTDLAYER_IOC_SYNC, "sync", NULL, why);
}

static int kernel_commit(struct target *t, struct mtdl_reason *why)
{
	return change(t, MTDLAYER_IOC_COMMIT, "commit", NULL, why);
}

static int kernel_boot(struct target *t, struct mtdl_reason *why)
{
	return change(t, MTDLAYER_IOC_BOOT, "boot", NULL, why);
}

static int kernel_confirm(struct target *t, const uint8_t *digest, struct mtdl_reason *why)
{
	return change(t, MTDLAYER_IOC_CONFIRM, "confirm", digest, why);
}

static int kernel_rollback(struct target *t, struct mtdl_reason *why)
{
	return change(t, MTDLAYER_IOC_ROLLBACK, "rollback", NULL, why);
}

static int kernel_abort(struct target *t, struct mtdl_reason *why)
{
	return change(t, MTDLAYER_IOC_ABORT, "abort", NULL, why);
}

static int kernel_settle(struct target *t, struct settle_job *job, struct mtdl_reason *why)
{
	struct kernel_target *kernel = to_kernel(t);
	struct mtdlayer_settle request;

	job->moved = 0;
	do {
		if (interrupt_pending())
			return mtdl_fail(why, -EINTR, "interrupted after %u blocks: they stay where they are now; the same command goes on",
					 job->moved);
		request = (struct mtdlayer_settle){ .steps = SETTLE_STEPS };
		if (ioctl(kernel->fd, MTDLAYER_IOC_SETTLE, &request))
			return ioctl_failed(kernel, errno, "settle", request.reason, why);
		job->moved += request.moved;
		if (job->progress)
			job->progress(job->ctx, job->moved, request.away);
	} while (request.more);
	return 0;
}

static int kernel_verify(struct target *t, enum view_role role, uint32_t layer, uint32_t *block,
			 uint32_t count, bool *bad, struct mtdl_reason *why)
{
	static const uint32_t releases[VIEW_ROLES] = {
		[VIEW_ACTIVE] = MTDLAYER_RELEASE_ACTIVE,
		[VIEW_CANDIDATE] = MTDLAYER_RELEASE_CANDIDATE,
		[VIEW_EXPOSED] = MTDLAYER_RELEASE_EXPOSED,
	};
	struct kernel_target *kernel = to_kernel(t);
	struct mtdlayer_verify request = {
		.release = releases[role],
		.layer = layer,
		.block = *block,
		.count = count > VERIFY_MAX ? VERIFY_MAX : count,
	};
	int err = 0;

	if (kernel->fd < 0)
		err = open_node(kernel, O_RDONLY, why);
	if (err)
		return err;
	if (ioctl(kernel->fd, MTDLAYER_IOC_VERIFY, &request))
		return ioctl_failed(kernel, errno, "verify", request.reason, why);
	*block = request.block;
	*bad = request.bad;
	if (*bad)
		mtdl_fail(why, 0, "%.*s", MTDLAYER_REASON_SIZE - 1, request.reason);
	return 0;
}

static int open_layer(struct kernel_target *kernel, const struct view_layer *layer,
		      struct mtdl_reason *why)
{
	char path[32];

	if (layer->mtd < 0)
		return mtdl_fail(why, -ENODEV, "%s: the layer %s has no MTD device: the kernel could not register it; dmesg says why",
				 kernel->name, layer->name);
	snprintf(path, sizeof(path), "/dev/mtd%d", layer->mtd);
	kernel->read_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (kernel->read_fd < 0)
		return mtdl_fail(why, -errno, "the layer %s cannot be opened as %s: %s", layer->name,
				 path, strerror(errno));
	memcpy(kernel->read_layer, layer->name, sizeof(kernel->read_layer));
	kernel->read_size = layer->size;
	return 0;
}

/* Make @name the layer that is open for reading. */
static int choose_layer(struct kernel_target *kernel, const char *name, struct mtdl_reason *why)
{
	struct view view;
	const struct view_release *exposed = &view.releases[VIEW_EXPOSED];
	const struct view_layer *layer = NULL;
	int err;

	if (kernel->read_fd >= 0 && !strcmp(kernel->read_layer, name))
		return 0;
	if (kernel->read_fd >= 0)
		close(kernel->read_fd);
	kernel->read_fd = -1;
	err = view_from_kernel(kernel->netlink, kernel->index, &view, why);
	if (err)
		return err;
	for (uint32_t i = 0; i < exposed->layer_count && !layer; i++) {
		if (!strcmp(exposed->layers[i].name, name))
			layer = &exposed->layers[i];
	}
	if (layer)
		err = open_layer(kernel, layer, why);
	else if (exposed->present)
		err = mtdl_fail(why, -ENOENT, "%s exposes no layer \"%s\": `layerctl list` shows those that it has",
				kernel->name, name);
	else
		err = mtdl_fail(why, -ENOENT, "%s exposes no release, and so no layer \"%s\": apply one first",
				kernel->name, name);
	view_free(&view);
	return err;
}

static int kernel_read(struct target *t, const char *layer, uint64_t off, void *buf, uint32_t len,
		       struct mtdl_reason *why)
{
	struct kernel_target *kernel = to_kernel(t);
	int err = choose_layer(kernel, layer, why);
	uint8_t *to = buf;

	if (err)
		return err;
	if (off > kernel->read_size || len > kernel->read_size - off)
		return mtdl_fail(why, -EINVAL, "the layer %s has %llu bytes: %u from byte %llu on are beyond its end",
				 layer, (unsigned long long)kernel->read_size, len,
				 (unsigned long long)off);
	while (len) {
		ssize_t got = pread(kernel->read_fd, to, len, (off_t)off);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EIO)
			return mtdl_fail(why, -EIO, "the layer %s cannot be read from byte %llu on: the flash there does not hold what the manifest names; `layerctl verify` shows all such blocks",
					 layer, (unsigned long long)off);
		if (got <= 0)
			return mtdl_fail(why, got ? -errno : -EIO, "the layer %s cannot be read from byte %llu on: %s",
					 layer, (unsigned long long)off,
					 got ? strerror(errno) : "its device ends there");
		to += got;
		off += (uint64_t)got;
		len -= (uint32_t)got;
	}
	return 0;
}

static void kernel_close(struct target *t)
{
	struct kernel_target *kernel = to_kernel(t);

	if (kernel->read_fd >= 0)
		close(kernel->read_fd);
	if (kernel->fd >= 0)
		close(kernel->fd);
	netlink_close(kernel->netlink);
	free(kernel);
}

static const struct target_ops kernel_ops = {
	.view = kernel_view,
	.begin = kernel_begin,
	.want = kernel_want,
	.write = kernel_write,
	.sync = kernel_sync,
	.commit = kernel_commit,
	.boot = kernel_boot,
	.confirm = kernel_confirm,
	.rollback = kernel_rollback,
	.abort = kernel_abort,
	.settle = kernel_settle,
	.verify = kernel_verify,
	.read = kernel_read,
	.close = kernel_close,
};

int kernel_target_index(const char *name, uint32_t *index, struct mtdl_reason *why)
{
	const char *digits = name;
	char *end;
	unsigned long value;

	if (!strncmp(digits, "/dev/", 5))
		digits += 5;
	if (strncmp(digits, DEVICE_PREFIX, strlen(DEVICE_PREFIX)))
		goto err;
	digits += strlen(DEVICE_PREFIX);
	errno = 0;
	value = strtoul(digits, &end, 10);
	if (*digits < '0' || *digits > '9' || *end || errno || value > INT32_MAX)
		goto err;
	*index = (uint32_t)value;
	return 0;
err:
	return mtdl_fail(why, -EINVAL, "\"%s\" is not a device of the kernel's: they are called mtdlayer0, mtdlayer1 and so on",
			 name);
}

struct target *kernel_target_open(const char *name, bool write, struct mtdl_reason *why)
{
	struct kernel_target *kernel = calloc(1, sizeof(*kernel));
	int err;

	if (!kernel) {
		mtdl_fail(why, -ENOMEM, "no memory to open %s", name);
		errno = ENOMEM;
		return NULL;
	}
	kernel->target.ops = &kernel_ops;
	kernel->fd = -1;
	kernel->read_fd = -1;
	err = kernel_target_index(name, &kernel->index, why);
	if (err)
		goto err_close;
	snprintf(kernel->name, sizeof(kernel->name), DEVICE_PREFIX "%u", kernel->index);
	kernel->netlink = netlink_open(why);
	err = kernel->netlink ? 0 : -errno;
	if (!err && write)
		err = open_node(kernel, O_RDWR, why);
	if (err)
		goto err_close;
	return &kernel->target;

err_close:
	kernel_close(&kernel->target);
	errno = -err;
	return NULL;
}
