// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests to the control node.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "control.h"
#include "module.h"

#define CONTROL_NODE	"/dev/mtdlayer-control"

static bool node_missing(int error)
{
	return error == ENOENT || error == ENXIO || error == ENODEV;
}

static int open_control(struct mtdl_reason *why)
{
	int fd = open(CONTROL_NODE, O_RDWR | O_CLOEXEC);
	int err;

	if (fd < 0 && node_missing(errno)) {
		err = module_load(why);
		if (err)
			return err;
		fd = open(CONTROL_NODE, O_RDWR | O_CLOEXEC);
	}
	if (fd >= 0)
		return fd;
	if (node_missing(errno))
		return mtdl_fail(why, -errno, "the kernel module mtdlayer is loaded, but there is no %s: mount devtmpfs on /dev",
				 CONTROL_NODE);
	if (errno == EACCES || errno == EPERM)
		return mtdl_fail(why, -errno, "%s may not be opened: attaching and detaching need root, or the node's owner",
				 CONTROL_NODE);
	return mtdl_fail(why, -errno, "%s cannot be opened: %s", CONTROL_NODE, strerror(errno));
}

static int refused(int error, const char *what, const char *reason, struct mtdl_reason *why)
{
	if (*reason)
		return mtdl_fail(why, -error, "%.*s", MTDLAYER_REASON_SIZE - 1, reason);
	return mtdl_fail(why, -error, "%s: %s", what, strerror(error));
}

int control_attach(struct mtdlayer_attach *request, struct mtdl_reason *why)
{
	int fd = open_control(why);
	int err = 0;

	if (fd < 0)
		return fd;
	if (ioctl(fd, MTDLAYER_IOC_ATTACH, request))
		err = refused(errno, "attach", request->reason, why);
	close(fd);
	return err;
}

int control_detach(uint32_t index, struct mtdl_reason *why)
{
	struct mtdlayer_detach request = { .index = index };
	int fd = open_control(why);
	int err = 0;

	if (fd < 0)
		return fd;
	if (ioctl(fd, MTDLAYER_IOC_DETACH, &request))
		err = refused(errno, "detach", request.reason, why);
	close(fd);
	return err;
}
