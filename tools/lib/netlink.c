// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Talks generic netlink through libnl, which leaves two things to do here: the
 * kernel's own words for a refusal (extended acknowledgements), and the error at
 * the end of a dump.
 */
#include <linux/netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <poll.h>
#include <sys/socket.h>

#include "module.h"
#include "netlink.h"

#define EVENT_BUFFER	(256 << 10)	/* a burst of progress must not push out what matters */
#define EVENT_QUEUE	64

struct netlink {
	struct nl_sock *socket;
	int family;
	/* events of one received message that netlink_next() has not handed out yet */
	struct netlink_event events[EVENT_QUEUE];
	unsigned int head;
	unsigned int count;
};

/* One question under way. */
struct exchange {
	const struct netlink_query *query;
	struct mtdl_reason *why;
	int err;
	bool finished;
	bool interrupted;
};

static int open_socket(struct netlink *netlink, struct mtdl_reason *why)
{
	int on = 1;
	int err;

	netlink->socket = nl_socket_alloc();
	if (!netlink->socket)
		return mtdl_fail(why, -ENOMEM, "no memory for a netlink socket");
	err = genl_connect(netlink->socket);
	if (err)
		return mtdl_fail(why, -EPROTO, "generic netlink cannot be reached: %s",
				 nl_geterror(err));
	nl_socket_enable_msg_peek(netlink->socket);
	/* a kernel that does not know it answers without the words */
	setsockopt(nl_socket_get_fd(netlink->socket), SOL_NETLINK, NETLINK_EXT_ACK, &on,
		   sizeof(on));
	return 0;
}

static int find_family(struct netlink *netlink, struct mtdl_reason *why)
{
	int err;

	netlink->family = genl_ctrl_resolve(netlink->socket, MTDLAYER_FAMILY_NAME);
	if (netlink->family >= 0)
		return 0;
	err = module_load(why);
	if (err)
		return err;
	netlink->family = genl_ctrl_resolve(netlink->socket, MTDLAYER_FAMILY_NAME);
	if (netlink->family >= 0)
		return 0;
	return mtdl_fail(why, -EPROTO, "the kernel module mtdlayer is loaded, but its netlink family cannot be found: %s",
			 nl_geterror(netlink->family));
}

struct netlink *netlink_open(struct mtdl_reason *why)
{
	struct netlink *netlink = calloc(1, sizeof(*netlink));
	int err;

	if (!netlink) {
		mtdl_fail(why, -ENOMEM, "no memory to talk to the kernel");
		errno = ENOMEM;
		return NULL;
	}
	err = open_socket(netlink, why);
	if (!err)
		err = find_family(netlink, why);
	if (!err)
		return netlink;
	netlink_close(netlink);
	errno = -err;
	return NULL;
}

void netlink_close(struct netlink *netlink)
{
	if (!netlink)
		return;
	nl_socket_free(netlink->socket);
	free(netlink);
}

/* The kernel's words among @length bytes of attributes; NULL if there are none. */
static const char *kernel_words(const void *attributes, int length)
{
	const struct nlattr *words = nla_find((const struct nlattr *)attributes, length,
					      NLMSGERR_ATTR_MSG);

	if (!words || !nla_len(words) ||
	    ((const char *)nla_data(words))[nla_len(words) - 1] != '\0')
		return NULL;
	return nla_data(words);
}

static void note_error(struct exchange *exchange, int error, const char *words)
{
	exchange->err = error;
	exchange->finished = true;
	mtdl_fail(exchange->why, error, "%s", words ? words : strerror(-error));
}

static int on_error(struct sockaddr_nl *sender, struct nlmsgerr *error, void *arg)
{
	/* libnl hands over the payload only; the header with the flags lies right before it */
	const struct nlmsghdr *header = (const void *)((const char *)error - NLMSG_HDRLEN);
	struct exchange *exchange = arg;
	const char *words = NULL;
	uint32_t skip = sizeof(*error);

	(void)sender;
	if (!(header->nlmsg_flags & NLM_F_CAPPED))
		skip += NLMSG_ALIGN(error->msg.nlmsg_len) - sizeof(error->msg);
	if ((header->nlmsg_flags & NLM_F_ACK_TLVS) && header->nlmsg_len > NLMSG_HDRLEN + skip)
		words = kernel_words((const char *)error + skip,
				     (int)(header->nlmsg_len - NLMSG_HDRLEN - skip));
	note_error(exchange, error->error, words);
	return NL_STOP;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct exchange *exchange = arg;

	(void)msg;
	exchange->finished = true;
	return NL_STOP;
}

/* The end of a dump carries its error, and words behind it. */
static int on_finish(struct nl_msg *msg, void *arg)
{
	const struct nlmsghdr *header = nlmsg_hdr(msg);
	struct exchange *exchange = arg;
	int length = nlmsg_datalen(header);
	int error = 0;

	exchange->finished = true;
	if (length >= (int)sizeof(error))
		memcpy(&error, nlmsg_data(header), sizeof(error));
	if (error < 0)
		note_error(exchange, error, header->nlmsg_flags & NLM_F_ACK_TLVS ?
			   kernel_words((const char *)nlmsg_data(header) + sizeof(error),
					length - (int)sizeof(error)) : NULL);
	return NL_STOP;
}

static int on_interrupted(struct nl_msg *msg, void *arg)
{
	struct exchange *exchange = arg;

	(void)msg;
	exchange->interrupted = true;
	return NL_OK;
}

static int on_answer(struct nl_msg *msg, void *arg)
{
	struct exchange *exchange = arg;
	const struct netlink_query *query = exchange->query;
	struct nlattr *attributes[query->attribute_max + 1];
	int err;

	/* what comes after a failure is read, so that the socket is clean, and dropped */
	if (exchange->err)
		return NL_SKIP;
	err = genlmsg_parse(nlmsg_hdr(msg), 0, attributes, query->attribute_max, query->policy);
	if (err)
		exchange->err = mtdl_fail(exchange->why, -EPROTO, "the kernel module's answer cannot be read: %s; layerctl and mtdlayer.ko must be of the same version",
					  nl_geterror(err));
	else
		exchange->err = query->take(query->ctx, attributes);
	return exchange->err ? NL_SKIP : NL_OK;
}

static int send_question(struct netlink *netlink, const struct netlink_query *query,
			 struct mtdl_reason *why)
{
	struct nl_msg *msg = nlmsg_alloc();
	int err = -NLE_NOMEM;

	if (msg && genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, netlink->family, 0,
			       query->dump ? NLM_F_DUMP : 0, query->command,
			       MTDLAYER_FAMILY_VERSION))
		err = query->attribute ? nla_put_u32(msg, query->attribute, query->index) : 0;
	if (!err)
		err = nl_send_auto(netlink->socket, msg);
	nlmsg_free(msg);
	if (err < 0)
		return mtdl_fail(why, -EPROTO, "the kernel module cannot be asked: %s",
				 nl_geterror(err));
	return 0;
}

static int collect_answers(struct netlink *netlink, struct exchange *exchange)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int err = 0;

	if (!cb)
		return mtdl_fail(exchange->why, -ENOMEM, "no memory to talk to the kernel");
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_answer, exchange);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, exchange);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, exchange);
	nl_cb_set(cb, NL_CB_DUMP_INTR, NL_CB_CUSTOM, on_interrupted, exchange);
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, exchange);
	while (!exchange->finished && err >= 0)
		err = nl_recvmsgs(netlink->socket, cb);
	nl_cb_put(cb);
	if (exchange->err)
		return exchange->err;
	if (err < 0)
		return mtdl_fail(exchange->why, -EPROTO, "the kernel module's answer cannot be received: %s",
				 nl_geterror(err));
	if (exchange->interrupted)
		return mtdl_fail(exchange->why, -EAGAIN, "the device changed while it was looked at");
	return 0;
}

int netlink_ask(struct netlink *netlink, const struct netlink_query *query,
		struct mtdl_reason *why)
{
	struct exchange exchange = { .query = query, .why = why };
	int err = send_question(netlink, query, why);

	return err ? err : collect_answers(netlink, &exchange);
}

static const struct nla_policy event_policy[MTDLAYER_A_EVENT_MAX + 1] = {
	[MTDLAYER_A_EVENT_DEVICE]	= { .type = NLA_U32 },
	[MTDLAYER_A_EVENT_KIND]		= { .type = NLA_U32 },
	[MTDLAYER_A_EVENT_STATE]	= { .type = NLA_U32 },
	[MTDLAYER_A_EVENT_DONE]		= { .type = NLA_U32 },
	[MTDLAYER_A_EVENT_TOTAL]	= { .type = NLA_U32 },
	[MTDLAYER_A_EVENT_LAYER]	= { .type = NLA_U32 },
	[MTDLAYER_A_EVENT_LOGICAL]	= { .type = NLA_U32 },
	[MTDLAYER_A_EVENT_BLOCK]	= { .type = NLA_U32 },
	[MTDLAYER_A_EVENT_UNITS]	= { .type = NLA_U32 },
	[MTDLAYER_A_EVENT_RELEASE]	= { .type = NLA_U32 },
	[MTDLAYER_A_EVENT_AWAY]		= { .type = NLA_U32 },
	[MTDLAYER_A_EVENT_TO]		= { .type = NLA_U32 },
	[MTDLAYER_A_EVENT_LEFT]		= { .type = NLA_U32 },
	[MTDLAYER_A_EVENT_RESERVE]	= { .type = NLA_U32 },
	[MTDLAYER_A_EVENT_ERROR]	= { .type = NLA_U32 },
};

static int on_event(struct nl_msg *msg, void *arg)
{
	struct netlink *netlink = arg;
	const struct genlmsghdr *header = nlmsg_data(nlmsg_hdr(msg));
	struct nlattr *attributes[MTDLAYER_A_EVENT_MAX + 1];
	struct netlink_event event = { 0 };
	uint32_t *const fields[MTDLAYER_A_EVENT_MAX + 1] = {
		[MTDLAYER_A_EVENT_DEVICE] = &event.device,
		[MTDLAYER_A_EVENT_KIND] = &event.kind,
		[MTDLAYER_A_EVENT_STATE] = &event.state,
		[MTDLAYER_A_EVENT_DONE] = &event.done,
		[MTDLAYER_A_EVENT_TOTAL] = &event.total,
		[MTDLAYER_A_EVENT_LAYER] = &event.layer,
		[MTDLAYER_A_EVENT_LOGICAL] = &event.logical,
		[MTDLAYER_A_EVENT_BLOCK] = &event.block,
		[MTDLAYER_A_EVENT_UNITS] = &event.units,
		[MTDLAYER_A_EVENT_RELEASE] = &event.release,
		[MTDLAYER_A_EVENT_AWAY] = &event.away,
		[MTDLAYER_A_EVENT_TO] = &event.to,
		[MTDLAYER_A_EVENT_LEFT] = &event.left,
		[MTDLAYER_A_EVENT_RESERVE] = &event.reserve,
		[MTDLAYER_A_EVENT_ERROR] = &event.error,
	};

	if (header->cmd != MTDLAYER_CMD_EVENT_NTF || netlink->count == EVENT_QUEUE ||
	    genlmsg_parse(nlmsg_hdr(msg), 0, attributes, MTDLAYER_A_EVENT_MAX, event_policy))
		return NL_SKIP;
	for (int i = 1; i <= MTDLAYER_A_EVENT_MAX; i++) {
		if (!attributes[i])
			continue;
		*fields[i] = nla_get_u32(attributes[i]);
		event.present |= 1U << i;
	}
	netlink->events[(netlink->head + netlink->count++) % EVENT_QUEUE] = event;
	return NL_OK;
}

int netlink_listen(struct netlink *netlink, struct mtdl_reason *why)
{
	int group = genl_ctrl_resolve_grp(netlink->socket, MTDLAYER_FAMILY_NAME,
					  MTDLAYER_MCGRP_EVENTS);
	int err = group < 0 ? group : nl_socket_add_membership(netlink->socket, group);

	if (err)
		return mtdl_fail(why, -EPROTO, "the kernel module's events cannot be received: %s",
				 nl_geterror(err));
	nl_socket_disable_seq_check(netlink->socket);
	nl_socket_set_buffer_size(netlink->socket, EVENT_BUFFER, 0);
	nl_socket_set_nonblocking(netlink->socket);
	nl_socket_modify_cb(netlink->socket, NL_CB_VALID, NL_CB_CUSTOM, on_event, netlink);
	return 0;
}

static int receive_events(struct netlink *netlink, struct mtdl_reason *why)
{
	int err = nl_recvmsgs_default(netlink->socket);

	if (err >= 0 || err == -NLE_AGAIN)
		return 0;
	/* libnl's word for a receive buffer that ran over (ENOBUFS) */
	if (err == -NLE_NOMEM)
		return mtdl_fail(why, -ENOBUFS, "events came faster than they were read: some are lost");
	if (err == -NLE_INTR)
		return -EINTR;
	return mtdl_fail(why, -EPROTO, "the kernel module's events cannot be received: %s",
			 nl_geterror(err));
}

int netlink_next(struct netlink *netlink, int timeout_ms, struct netlink_event *event,
		 struct mtdl_reason *why)
{
	struct pollfd poller = { .fd = nl_socket_get_fd(netlink->socket), .events = POLLIN };

	while (!netlink->count) {
		int ready = poll(&poller, 1, timeout_ms);
		int err;

		if (ready < 0)
			return -errno;
		if (!ready)
			return -ETIMEDOUT;
		err = receive_events(netlink, why);
		if (err)
			return err;
	}
	*event = netlink->events[netlink->head];
	netlink->head = (netlink->head + 1) % EVENT_QUEUE;
	netlink->count--;
	return 0;
}
