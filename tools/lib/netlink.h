/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The generic netlink family "mtdlayer": what the kernel has attached, and what happens to it.
 */
#ifndef LAYERCTL_NETLINK_H
#define LAYERCTL_NETLINK_H

#include <netlink/attr.h>
#include <stdbool.h>
#include <stdint.h>

#include "../../kmod/core/reason.h"
#include "../../kmod/uapi/linux/mtdlayer.h"

struct netlink;

/**
 * netlink_open() - find the family; loads the kernel module if it is missing
 * @why: reason of a failure
 *
 * Return: the connection, or NULL with errno set.
 */
struct netlink *netlink_open(struct mtdl_reason *why);

/** netlink_close() - NULL is fine */
void netlink_close(struct netlink *netlink);

/**
 * struct netlink_query - one question and where its answers go
 * @command: MTDLAYER_CMD_*_GET
 * @dump: all of them, or the one
 * @attribute: of the device index in the question; 0: of all devices
 * @index: device index
 * @attribute_max: MTDLAYER_A_*_MAX of the answers
 * @policy: of the answers
 * @take: called with each answer's attributes; anything but 0 ends the query
 * @ctx: handed to @take
 */
struct netlink_query {
	uint8_t command;
	bool dump;
	int attribute;
	uint32_t index;
	int attribute_max;
	const struct nla_policy *policy;
	int (*take)(void *ctx, struct nlattr **attributes);
	void *ctx;
};

/**
 * netlink_ask() - ask and wait for all answers
 * @netlink: from netlink_open()
 * @query: what
 * @why: reason of a failure: the kernel's, if it gave one
 *
 * Return: 0, what @take returned, -EAGAIN (what was dumped changed meanwhile: ask
 * again) or the kernel's error.
 */
int netlink_ask(struct netlink *netlink, const struct netlink_query *query,
		struct mtdl_reason *why);

/**
 * struct netlink_event - one event; @present tells which fields it has
 * @device: index
 * @kind: enum mtdlayer_event
 * @present: bit n: attribute MTDLAYER_A_EVENT_n
 */
struct netlink_event {
	uint32_t device;
	uint32_t kind;
	uint32_t present;
	uint32_t state;
	uint32_t done;
	uint32_t total;
	uint32_t layer;
	uint32_t logical;
	uint32_t block;
	uint32_t units;
	uint32_t release;
	uint32_t away;
	uint32_t to;
	uint32_t left;
	uint32_t reserve;
	uint32_t error;
};

/** netlink_listen() - join the group of events; from now on only netlink_next() */
int netlink_listen(struct netlink *netlink, struct mtdl_reason *why);

/**
 * netlink_next() - wait for an event
 * @netlink: listening
 * @timeout_ms: -1: for ever
 * @event: filled in
 * @why: reason of a failure
 *
 * Return: 0, -ETIMEDOUT, -ENOBUFS (events were lost; go on), -EINTR or another error.
 */
int netlink_next(struct netlink *netlink, int timeout_ms, struct netlink_event *event,
		 struct mtdl_reason *why);

#endif
