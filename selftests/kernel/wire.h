/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The generic netlink family, as a client without a library sees it.
 */
#ifndef WIRE_H
#define WIRE_H

#include <linux/genetlink.h>
#include <linux/mtdlayer.h>
#include <linux/netlink.h>
#include <stddef.h>

#include "release.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK	270
#endif

/**
 * struct wire - a netlink socket, and one message
 * @fd: the socket
 * @family: number of the family "mtdlayer"
 * @group: number of its group "events"
 * @buffer: what is sent, and what has come
 * @length: bytes of @buffer
 * @error: text of the last refusal
 */
struct wire {
	int fd;
	int family;
	int group;
	char buffer[32768];
	size_t length;
	char error[256];
};

/** struct seen_device - what the tests look at of a device */
struct seen_device {
	int count;
	u32 index, mtd, state, wanted, free_blocks, outcome, work;
	char mtd_name[64], active[64], candidate[64], exposed[64];
	u8 active_digest[MTDLAYER_DIGEST_SIZE];
	u8 candidate_digest[MTDLAYER_DIGEST_SIZE];
	u8 exposed_digest[MTDLAYER_DIGEST_SIZE];
};

/** wire_open() - a socket that knows the family; 0 or a negative errno */
int wire_open(struct wire *wire);

/** wire_begin() - begin a message of netlink type @type */
struct nlmsghdr *wire_begin(struct wire *wire, u16 type, u16 flags, u8 command);

/** request() - begin a message to the family */
struct nlmsghdr *request(struct wire *wire, u16 flags, u8 command);

/** wire_put() - append an attribute */
void wire_put(struct wire *wire, u16 type, const void *data, u16 len);

/** wire_put_u32() - append a number */
void wire_put_u32(struct wire *wire, u16 type, u32 value);

/** wire_ask() - send the message, call @seen for each answer; 0 or a negative errno */
int wire_ask(struct wire *wire, void (*seen)(const struct nlmsghdr *header, void *arg), void *arg);

/** find_attribute() - the first attribute of @type in @len bytes, or NULL */
const struct nlattr *find_attribute(const void *from, size_t len, u16 type);

/** message_attribute() - the same in a message */
const struct nlattr *message_attribute(const struct nlmsghdr *header, u16 type);

/** attribute_text() - a string, empty if there is none */
const char *attribute_text(const struct nlattr *attribute);

/** message_u32() - a number of a message, ~0 if there is none */
u32 message_u32(const struct nlmsghdr *header, u16 type);

/** take_device() - for wire_ask(): remember a device and count it; @arg is a struct seen_device */
void take_device(const struct nlmsghdr *header, void *arg);

/** get_device() - what the family shows of mtdlayer@index; 0 or a negative errno */
int get_device(struct wire *wire, u32 index, struct seen_device *device);

#endif
