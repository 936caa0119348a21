// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The generic netlink family, as a client without a library sees it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "wire.h"

struct nlmsghdr *wire_begin(struct wire *wire, u16 type, u16 flags, u8 command)
{
	struct nlmsghdr *header = (struct nlmsghdr *)wire->buffer;
	struct genlmsghdr *generic = NLMSG_DATA(header);

	memset(wire->buffer, 0, NLMSG_LENGTH(GENL_HDRLEN));
	header->nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | flags;
	header->nlmsg_seq = 1;
	generic->cmd = command;
	generic->version = 1;
	return header;
}

void wire_put(struct wire *wire, u16 type, const void *data, u16 len)
{
	struct nlmsghdr *header = (struct nlmsghdr *)wire->buffer;
	struct nlattr *attribute = (void *)(wire->buffer + header->nlmsg_len);

	attribute->nla_type = type;
	attribute->nla_len = NLA_HDRLEN + len;
	memset(attribute + 1, 0, NLA_ALIGN(len));
	memcpy(attribute + 1, data, len);
	header->nlmsg_len += NLA_HDRLEN + NLA_ALIGN(len);
}

void wire_put_u32(struct wire *wire, u16 type, u32 value)
{
	wire_put(wire, type, &value, sizeof(value));
}

const struct nlattr *find_attribute(const void *from, size_t len, u16 type)
{
	const struct nlattr *attribute = from;

	while (len >= NLA_HDRLEN && attribute->nla_len >= NLA_HDRLEN && attribute->nla_len <= len) {
		size_t step = NLA_ALIGN(attribute->nla_len);

		if ((attribute->nla_type & NLA_TYPE_MASK) == type)
			return attribute;
		if (step >= len)
			break;
		len -= step;
		attribute = (const void *)((const char *)attribute + step);
	}
	return NULL;
}

const struct nlattr *message_attribute(const struct nlmsghdr *header, u16 type)
{
	return find_attribute((const char *)NLMSG_DATA(header) + GENL_HDRLEN,
			      header->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN), type);
}

static u32 attribute_u32(const struct nlattr *attribute)
{
	u32 value = ~0U;

	if (attribute && attribute->nla_len == NLA_HDRLEN + sizeof(value))
		memcpy(&value, attribute + 1, sizeof(value));
	return value;
}

const char *attribute_text(const struct nlattr *attribute)
{
	return attribute ? (const char *)(attribute + 1) : "";
}

u32 message_u32(const struct nlmsghdr *header, u16 type)
{
	return attribute_u32(message_attribute(header, type));
}

/* What an error message says: 0 or a negative errno; the text comes with it. */
static int wire_take_error(struct wire *wire, const struct nlmsghdr *header)
{
	const struct nlmsgerr *error = NLMSG_DATA(header);
	size_t skip = NLMSG_LENGTH(sizeof(*error));
	const struct nlattr *text = NULL;

	if (!(header->nlmsg_flags & NLM_F_CAPPED))
		skip += error->msg.nlmsg_len - sizeof(error->msg);
	if (header->nlmsg_flags & NLM_F_ACK_TLVS)
		text = find_attribute((const char *)header + skip, header->nlmsg_len - skip,
				      NLMSGERR_ATTR_MSG);
	snprintf(wire->error, sizeof(wire->error), "%s", attribute_text(text));
	if (error->error)
		printf("# refused: %s: %s\n", strerror(-error->error), wire->error);
	return error->error;
}

/* The last message of a dump says how it ended. */
static int wire_take_done(struct wire *wire, const struct nlmsghdr *header)
{
	int err = 0;

	if (header->nlmsg_len >= NLMSG_LENGTH(sizeof(err)))
		memcpy(&err, NLMSG_DATA(header), sizeof(err));
	return err;
}

/* Sends the message; calls @seen for each answer; 0 or a negative errno. */
int wire_ask(struct wire *wire, void (*seen)(const struct nlmsghdr *header, void *arg), void *arg)
{
	struct nlmsghdr *header = (struct nlmsghdr *)wire->buffer;
	bool dump = (header->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	ssize_t left;

	wire->error[0] = '\0';
	if (send(wire->fd, header, header->nlmsg_len, 0) < 0)
		return -errno;
	for (;;) {
		left = recv(wire->fd, wire->buffer, sizeof(wire->buffer), 0);
		if (left < 0)
			return -errno;
		for (header = (void *)wire->buffer; NLMSG_OK(header, left);
		     header = NLMSG_NEXT(header, left)) {
			if (header->nlmsg_type == NLMSG_ERROR)
				return wire_take_error(wire, header);
			if (header->nlmsg_type == NLMSG_DONE)
				return wire_take_done(wire, header);
			if (seen)
				seen(header, arg);
			if (!dump)
				return 0;
		}
	}
}

static void take_family(const struct nlmsghdr *header, void *arg)
{
	struct wire *wire = arg;
	const struct nlattr *groups = message_attribute(header, CTRL_ATTR_MCAST_GROUPS);
	const struct nlattr *id = message_attribute(header, CTRL_ATTR_FAMILY_ID);
	const struct nlattr *group;

	if (id)
		memcpy(&wire->family, id + 1, sizeof(u16));
	if (!groups)
		return;
	/* an array of nests, of which there is one */
	group = groups + 1;
	wire->group = attribute_u32(find_attribute(group + 1, group->nla_len - NLA_HDRLEN,
						   CTRL_ATTR_MCAST_GRP_ID));
}

int wire_open(struct wire *wire)
{
	struct timeval limit = { .tv_sec = 5 };
	int yes = 1;
	int err;

	memset(wire, 0, sizeof(*wire));
	wire->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (wire->fd < 0)
		return -errno;
	setsockopt(wire->fd, SOL_NETLINK, NETLINK_EXT_ACK, &yes, sizeof(yes));
	setsockopt(wire->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &yes, sizeof(yes));
	setsockopt(wire->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	wire_begin(wire, GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY);
	wire_put(wire, CTRL_ATTR_FAMILY_NAME, MTDLAYER_FAMILY_NAME, sizeof(MTDLAYER_FAMILY_NAME));
	err = wire_ask(wire, take_family, wire);
	if (err)
		return err;
	return wire->family ? 0 : -ENOENT;
}

struct nlmsghdr *request(struct wire *wire, u16 flags, u8 command)
{
	return wire_begin(wire, wire->family, flags, command);
}

static void take_release(char *to, u8 *digest, const struct nlmsghdr *header, u16 type)
{
	const struct nlattr *nest = message_attribute(header, type);
	const struct nlattr *found;

	if (!nest)
		return;
	found = find_attribute(nest + 1, nest->nla_len - NLA_HDRLEN, MTDLAYER_A_RELEASE_NAME);
	snprintf(to, 64, "%s", attribute_text(found));
	found = find_attribute(nest + 1, nest->nla_len - NLA_HDRLEN, MTDLAYER_A_RELEASE_DIGEST);
	if (found && found->nla_len == NLA_HDRLEN + MTDLAYER_DIGEST_SIZE)
		memcpy(digest, found + 1, MTDLAYER_DIGEST_SIZE);
}

void take_device(const struct nlmsghdr *header, void *arg)
{
	struct seen_device *device = arg;
	int count = device->count + 1;

	memset(device, 0, sizeof(*device));
	device->count = count;
	device->index = message_u32(header, MTDLAYER_A_DEVICE_INDEX);
	device->mtd = message_u32(header, MTDLAYER_A_DEVICE_MTD_INDEX);
	device->state = message_u32(header, MTDLAYER_A_DEVICE_STATE);
	device->wanted = message_u32(header, MTDLAYER_A_DEVICE_BLOCKS_WANTED);
	device->free_blocks = message_u32(header, MTDLAYER_A_DEVICE_FREE_BLOCKS);
	device->outcome = message_u32(header, MTDLAYER_A_DEVICE_OUTCOME);
	device->work = message_u32(header, MTDLAYER_A_DEVICE_WORK);
	snprintf(device->mtd_name, 64, "%s",
		 attribute_text(message_attribute(header, MTDLAYER_A_DEVICE_MTD_NAME)));
	take_release(device->active, device->active_digest, header,
		     MTDLAYER_A_DEVICE_ACTIVE);
	take_release(device->candidate, device->candidate_digest, header,
		     MTDLAYER_A_DEVICE_CANDIDATE);
	take_release(device->exposed, device->exposed_digest, header,
		     MTDLAYER_A_DEVICE_EXPOSED);
}

int get_device(struct wire *wire, u32 index, struct seen_device *device)
{
	memset(device, 0, sizeof(*device));
	request(wire, 0, MTDLAYER_CMD_DEVICE_GET);
	wire_put_u32(wire, MTDLAYER_A_DEVICE_INDEX, index);
	return wire_ask(wire, take_device, device);
}
