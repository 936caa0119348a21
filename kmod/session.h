/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An open /dev/mtdlayerN, as its ioctls see it.
 */
#ifndef MTDLAYER_SESSION_H
#define MTDLAYER_SESSION_H

#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "core/reason.h"

struct mtdlayer_device;

/**
 * struct mtdlayer_session - an open /dev/mtdlayerN
 * @dev: a reference
 * @lock: one ioctl at a time; protects @buffer
 * @pid: of who opened it
 * @comm: its name
 * @committed: its last COMMIT was interrupted while pinned layers were installed; protected
 *	by the device's lock
 * @buffer: a block, for data on their way to or from the flash; NULL until it is needed
 */
struct mtdlayer_session {
	struct mtdlayer_device *dev;
	/* one ioctl at a time; protects buffer */
	struct mutex lock;
	pid_t pid;
	char comm[TASK_COMM_LEN];
	bool committed;
	u8 *buffer;
};

/**
 * mtdlayer_session_own() - lock the device for a change, and become its owner
 * @session: whose ioctl it is
 * @why: reason of a refusal
 *
 * Return: 0, -EBUSY (another session owns it), or an error of mtdlayer_device_lock().
 */
int mtdlayer_session_own(struct mtdlayer_session *session, struct mtdl_reason *why);

/** mtdlayer_session_buffer() - make sure that there is a buffer; 0 or -ENOMEM */
int mtdlayer_session_buffer(struct mtdlayer_session *session);

/** mtdlayer_refuse_flags() - -EINVAL if @flags has a bit that is not in @known */
int mtdlayer_refuse_flags(u32 flags, u32 known, struct mtdl_reason *why);

/** mtdlayer_refuse_reserved() - -EINVAL if @reserved is not 0 */
int mtdlayer_refuse_reserved(u32 reserved, struct mtdl_reason *why);

#endif
