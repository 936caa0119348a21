// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic netlink family: what can be observed.
 *
 * Documentation/netlink/specs/mtdlayer.yaml is the source of truth.  Nothing can be changed
 * here, and nothing waits for a device: answers are made from its last status, and a dump
 * holds references to the statuses that it began with, so that it is consistent however
 * many messages it takes.
 */
#include <linux/rculist.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "compat.h"
#include "device.h"
#include "netlink.h"
#include "status.h"

static struct genl_family mtdlayer_family;

/* Every request names a device, or none: then all are meant, where that is allowed. */
static const struct nla_policy mtdlayer_device_policy[MTDLAYER_A_DEVICE_INDEX + 1] = {
	[MTDLAYER_A_DEVICE_INDEX] = NLA_POLICY_MAX(NLA_U32, MTDLAYER_DEVICES_MAX - 1),
};

static const struct nla_policy mtdlayer_layer_policy[MTDLAYER_A_LAYER_DEVICE + 1] = {
	[MTDLAYER_A_LAYER_DEVICE] = NLA_POLICY_MAX(NLA_U32, MTDLAYER_DEVICES_MAX - 1),
};

static const struct nla_policy mtdlayer_extent_policy[MTDLAYER_A_EXTENT_DEVICE + 1] = {
	[MTDLAYER_A_EXTENT_DEVICE] = NLA_POLICY_MAX(NLA_U32, MTDLAYER_DEVICES_MAX - 1),
};

/* A status, and what is newer than it. */
struct mtdlayer_shown {
	struct mtdlayer_status *status;
	struct mtdl_sequence sequence;
	u32 wanted;
};

/* What @dev shows, or -ENODEV; the status has a reference. */
static int mtdlayer_show(struct mtdlayer_device *dev, struct mtdlayer_shown *shown)
{
	/* memory was short when it changed last: what is published is not how it is */
	if (READ_ONCE(dev->stale) && mutex_trylock(&dev->lock))
		mtdlayer_device_unlock(dev);
	shown->status = NULL;
	if (!mtdlayer_device_gone(dev))
		shown->status = mtdlayer_status_get(dev, &shown->sequence, &shown->wanted);
	return shown->status ? 0 : -ENODEV;
}

/* ---- filling messages ---- */

static int mtdlayer_fill_release(struct sk_buff *skb, u16 type,
				 const struct mtdlayer_status_release *release)
{
	struct nlattr *nest;

	if (!release->present)
		return 0;
	nest = nla_nest_start(skb, type);
	if (!nest)
		return -EMSGSIZE;
	if (nla_put_string(skb, MTDLAYER_A_RELEASE_NAME, release->release) ||
	    nla_put(skb, MTDLAYER_A_RELEASE_DIGEST, sizeof(release->digest), release->digest) ||
	    nla_put_u32(skb, MTDLAYER_A_RELEASE_SECURITY_COUNTER, release->security_counter) ||
	    nla_put_u32(skb, MTDLAYER_A_RELEASE_LAYER_COUNT, release->layer_count) ||
	    nla_put_u32(skb, MTDLAYER_A_RELEASE_BLOCKS, release->block_total)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int mtdlayer_fill_geometry(struct sk_buff *skb, const struct mtdl_geometry *geometry)
{
	if (nla_put_u64_64bit(skb, MTDLAYER_A_DEVICE_FLASH_SIZE, geometry->flash_size,
			      MTDLAYER_A_DEVICE_PAD) ||
	    nla_put_u32(skb, MTDLAYER_A_DEVICE_ERASE_SIZE, geometry->erase_size) ||
	    nla_put_u32(skb, MTDLAYER_A_DEVICE_WRITE_SIZE, geometry->write_size) ||
	    nla_put_u32(skb, MTDLAYER_A_DEVICE_BLOCK_SIZE, geometry->block_size) ||
	    nla_put_u32(skb, MTDLAYER_A_DEVICE_UNIT_SIZE, geometry->unit_size) ||
	    nla_put_u32(skb, MTDLAYER_A_DEVICE_BLOCK_COUNT, geometry->block_count) ||
	    nla_put_u32(skb, MTDLAYER_A_DEVICE_TABLE_START, geometry->table_start) ||
	    nla_put_u32(skb, MTDLAYER_A_DEVICE_TABLE_BLOCKS, geometry->table_blocks))
		return -EMSGSIZE;
	return 0;
}

static int mtdlayer_fill_outcome(struct sk_buff *skb, const struct mtdl_outcome *outcome)
{
	if (nla_put_u32(skb, MTDLAYER_A_DEVICE_OUTCOME, outcome->code))
		return -EMSGSIZE;
	if (outcome->code == MTDL_OUTCOME_NONE)
		return 0;
	if (nla_put_u32(skb, MTDLAYER_A_DEVICE_OUTCOME_ERROR, outcome->error) ||
	    nla_put_u32(skb, MTDLAYER_A_DEVICE_OUTCOME_ATTEMPTS, outcome->attempts) ||
	    nla_put_string(skb, MTDLAYER_A_DEVICE_OUTCOME_RELEASE, outcome->release) ||
	    nla_put(skb, MTDLAYER_A_DEVICE_OUTCOME_DIGEST, sizeof(outcome->digest),
		    outcome->digest))
		return -EMSGSIZE;
	return 0;
}

static int mtdlayer_fill_state(struct sk_buff *skb, const struct mtdlayer_shown *shown)
{
	const struct mtdlayer_status *status = shown->status;

	if (nla_put_u32(skb, MTDLAYER_A_DEVICE_EPOCH, shown->sequence.epoch) ||
	    nla_put_u32(skb, MTDLAYER_A_DEVICE_WRITE, shown->sequence.write) ||
	    nla_put_u32(skb, MTDLAYER_A_DEVICE_STATE, status->state) ||
	    nla_put_u32(skb, MTDLAYER_A_DEVICE_DAMAGED_UNITS, status->damaged_units) ||
	    nla_put_u32(skb, MTDLAYER_A_DEVICE_FREE_BLOCKS, status->free_blocks) ||
	    nla_put_u32(skb, MTDLAYER_A_DEVICE_BAD_BLOCKS, status->bad_blocks) ||
	    nla_put_u32(skb, MTDLAYER_A_DEVICE_SECURITY_FLOOR, status->security_floor))
		return -EMSGSIZE;
	if (nla_put_u32(skb, MTDLAYER_A_DEVICE_RESERVE, status->spare.reserve) ||
	    nla_put_u32(skb, MTDLAYER_A_DEVICE_RESERVE_LEFT, status->spare.left) ||
	    nla_put_u32(skb, MTDLAYER_A_DEVICE_SETTLEABLE, status->settleable) ||
	    nla_put_u32(skb, MTDLAYER_A_DEVICE_WORK, status->work))
		return -EMSGSIZE;
	if (status->spare.low && nla_put_flag(skb, MTDLAYER_A_DEVICE_SPARE_LOW))
		return -EMSGSIZE;
	if (status->last_error.text[0] &&
	    nla_put_string(skb, MTDLAYER_A_DEVICE_LAST_ERROR, status->last_error.text))
		return -EMSGSIZE;
	if (status->read_only &&
	    nla_put_string(skb, MTDLAYER_A_DEVICE_READ_ONLY, status->read_only))
		return -EMSGSIZE;
	if (status->state == MTDL_STATE_TRIAL &&
	    (nla_put_u32(skb, MTDLAYER_A_DEVICE_ATTEMPTS_MAX, status->attempts_max) ||
	     nla_put_u32(skb, MTDLAYER_A_DEVICE_ATTEMPTS_USED, status->attempts_used)))
		return -EMSGSIZE;
	if (status->state == MTDL_STATE_STAGING &&
	    nla_put_u32(skb, MTDLAYER_A_DEVICE_BLOCKS_WANTED, shown->wanted))
		return -EMSGSIZE;
	return mtdlayer_fill_outcome(skb, &status->outcome);
}

static int mtdlayer_fill_device(struct sk_buff *skb, const struct mtdlayer_shown *shown)
{
	const struct mtdlayer_status *status = shown->status;
	const struct mtdlayer_status_release *releases = status->releases;

	if (nla_put_u32(skb, MTDLAYER_A_DEVICE_INDEX, status->index) ||
	    nla_put_u32(skb, MTDLAYER_A_DEVICE_MTD_INDEX, status->mtd_index) ||
	    nla_put_string(skb, MTDLAYER_A_DEVICE_MTD_NAME, status->mtd_name) ||
	    nla_put_string(skb, MTDLAYER_A_DEVICE_COMPATIBLE, status->compatible) ||
	    nla_put(skb, MTDLAYER_A_DEVICE_UUID, sizeof(status->uuid), status->uuid) ||
	    mtdlayer_fill_geometry(skb, &status->geometry) ||
	    mtdlayer_fill_state(skb, shown) ||
	    mtdlayer_fill_release(skb, MTDLAYER_A_DEVICE_ACTIVE,
				  &releases[MTDLAYER_RELEASE_ACTIVE]) ||
	    mtdlayer_fill_release(skb, MTDLAYER_A_DEVICE_CANDIDATE,
				  &releases[MTDLAYER_RELEASE_CANDIDATE]) ||
	    mtdlayer_fill_release(skb, MTDLAYER_A_DEVICE_EXPOSED,
				  &releases[MTDLAYER_RELEASE_EXPOSED]))
		return -EMSGSIZE;
	return 0;
}

static int mtdlayer_fill_layer(struct sk_buff *skb, const struct mtdlayer_status *status,
			       u32 role, u32 index)
{
	const struct mtdlayer_status_layer *layer = &status->releases[role].layers[index];

	if (nla_put_u32(skb, MTDLAYER_A_LAYER_DEVICE, status->index) ||
	    nla_put_u32(skb, MTDLAYER_A_LAYER_RELEASE, role) ||
	    nla_put_u32(skb, MTDLAYER_A_LAYER_INDEX, index) ||
	    nla_put_string(skb, MTDLAYER_A_LAYER_NAME, layer->name) ||
	    nla_put_u64_64bit(skb, MTDLAYER_A_LAYER_SIZE, layer->size, MTDLAYER_A_LAYER_PAD) ||
	    nla_put_u32(skb, MTDLAYER_A_LAYER_SLOT_START, layer->slot_start) ||
	    nla_put_u32(skb, MTDLAYER_A_LAYER_SLOT_BLOCKS, layer->slot_blocks) ||
	    nla_put_u32(skb, MTDLAYER_A_LAYER_POLICY, layer->policy) ||
	    nla_put_u32(skb, MTDLAYER_A_LAYER_FLAGS, layer->flags) ||
	    nla_put_u32(skb, MTDLAYER_A_LAYER_BLOCKS, layer->block_count) ||
	    nla_put_u32(skb, MTDLAYER_A_LAYER_AWAY, layer->away) ||
	    nla_put(skb, MTDLAYER_A_LAYER_ROOT, sizeof(layer->root), layer->root))
		return -EMSGSIZE;
	if (role == MTDLAYER_RELEASE_EXPOSED && layer->mtd >= 0 &&
	    nla_put_u32(skb, MTDLAYER_A_LAYER_MTD_INDEX, layer->mtd))
		return -EMSGSIZE;
	return 0;
}

static int mtdlayer_fill_extent(struct sk_buff *skb, const struct mtdlayer_status *status,
				u32 index)
{
	const struct mtdlayer_status_extent *extent = &status->extents[index];
	u32 end = index + 1 < status->extent_count ? extent[1].block :
						     status->geometry.block_count;

	if (nla_put_u32(skb, MTDLAYER_A_EXTENT_DEVICE, status->index) ||
	    nla_put_u32(skb, MTDLAYER_A_EXTENT_USE, extent->use) ||
	    nla_put_u32(skb, MTDLAYER_A_EXTENT_BLOCK, extent->block) ||
	    nla_put_u32(skb, MTDLAYER_A_EXTENT_COUNT, end - extent->block))
		return -EMSGSIZE;
	if (extent->release == MTDLAYER_STATUS_NO_RELEASE)
		return 0;
	if (nla_put_u32(skb, MTDLAYER_A_EXTENT_LAYER, extent->layer) ||
	    nla_put_u32(skb, MTDLAYER_A_EXTENT_LOGICAL, extent->logical) ||
	    nla_put_u32(skb, MTDLAYER_A_EXTENT_RELEASE, extent->release))
		return -EMSGSIZE;
	return 0;
}

/* ---- one device ---- */

static int mtdlayer_reply_device(struct genl_info *info, const struct mtdlayer_shown *shown)
{
	struct sk_buff *skb;
	void *header;

	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	header = genlmsg_put_reply(skb, info, &mtdlayer_family, 0, MTDLAYER_CMD_DEVICE_GET);
	if (!header || mtdlayer_fill_device(skb, shown)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, info);
}

static int mtdlayer_device_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct mtdlayer_device *dev;
	struct mtdlayer_shown shown;
	struct nlattr *index;
	int err = -ENODEV;

	index = info->attrs[MTDLAYER_A_DEVICE_INDEX];
	if (!index) {
		NL_SET_ERR_MSG(info->extack,
			       "the attribute index is missing: say which device is meant, or dump all");
		return -EINVAL;
	}
	dev = mtdlayer_device_find(nla_get_u32(index));
	if (dev) {
		err = mtdlayer_show(dev, &shown);
		mtdlayer_device_put(dev);
	}
	if (err) {
		NL_SET_ERR_MSG_ATTR(info->extack, index, "no device with this index is attached");
		return err;
	}
	err = mtdlayer_reply_device(info, &shown);
	mtdlayer_status_put(shown.status);
	return err;
}

/* ---- dumps ---- */

/**
 * struct mtdlayer_dump - a dump that is going on
 * @count: devices
 * @device: the one that comes next, or is under way
 * @role: release that comes next (layers)
 * @item: layer or extent that comes next
 * @shown: the devices, as they were when the dump began
 */
struct mtdlayer_dump {
	u32 count;
	u32 device;
	u32 role;
	u32 item;
	struct mtdlayer_shown shown[MTDLAYER_DEVICES_MAX];
};

/* Where a callback keeps it. */
static struct mtdlayer_dump **mtdlayer_dump(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct mtdlayer_dump *) > sizeof(cb->ctx));
	return (struct mtdlayer_dump **)cb->ctx;
}

static int mtdlayer_dump_one(struct mtdlayer_dump *dump, u32 index)
{
	struct mtdlayer_device *dev = mtdlayer_device_find(index);
	int err = -ENODEV;

	if (dev) {
		err = mtdlayer_show(dev, &dump->shown[0]);
		mtdlayer_device_put(dev);
	}
	dump->count = !err;
	return err;
}

static void mtdlayer_dump_all(struct mtdlayer_dump *dump)
{
	struct mtdlayer_device *dev;
	unsigned long index = 0;

	while (dump->count < MTDLAYER_DEVICES_MAX && (dev = mtdlayer_device_next(&index))) {
		if (!mtdlayer_show(dev, &dump->shown[dump->count]))
			dump->count++;
		mtdlayer_device_put(dev);
		index++;
	}
}

/* Takes references to what is asked for: the device that attribute @type names, or all. */
static int mtdlayer_dump_start(struct netlink_callback *cb, u16 type, bool all)
{
	struct nlattr **attrs = mtdlayer_dump_attrs(cb);
	struct nlattr *index = attrs ? attrs[type] : NULL;
	struct mtdlayer_dump *dump;
	int err = 0;

	if (!index && !all) {
		NL_SET_ERR_MSG(cb->extack,
			       "the attribute device is missing: extents are dumped of one device");
		return -EINVAL;
	}
	dump = kzalloc(sizeof(*dump), GFP_KERNEL);
	if (!dump)
		return -ENOMEM;
	if (index)
		err = mtdlayer_dump_one(dump, nla_get_u32(index));
	else
		mtdlayer_dump_all(dump);
	if (err) {
		NL_SET_ERR_MSG_ATTR(cb->extack, index,
				    "no device with this index is attached");
		kfree(dump);
		return err;
	}
	*mtdlayer_dump(cb) = dump;
	return 0;
}

static int mtdlayer_dump_done(struct netlink_callback *cb)
{
	struct mtdlayer_dump *dump = *mtdlayer_dump(cb);
	u32 i;

	for (i = 0; dump && i < dump->count; i++)
		mtdlayer_status_put(dump->shown[i].status);
	kfree(dump);
	*mtdlayer_dump(cb) = NULL;
	return 0;
}

static void *mtdlayer_dump_header(struct sk_buff *skb, struct netlink_callback *cb, u8 command)
{
	return genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &mtdlayer_family,
			   NLM_F_MULTI, command);
}

/* What a dump returns: a message that did not fit comes with the next buffer. */
static int mtdlayer_dump_result(struct sk_buff *skb, int err)
{
	if (err == -EMSGSIZE && skb->len)
		return skb->len;
	return err ?: skb->len;
}

static int mtdlayer_device_get_start(struct netlink_callback *cb)
{
	return mtdlayer_dump_start(cb, MTDLAYER_A_DEVICE_INDEX, true);
}

static int mtdlayer_device_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct mtdlayer_dump *dump = *mtdlayer_dump(cb);
	int err = 0;

	for (; dump->device < dump->count; dump->device++) {
		void *header = mtdlayer_dump_header(skb, cb, MTDLAYER_CMD_DEVICE_GET);

		if (!header || mtdlayer_fill_device(skb, &dump->shown[dump->device])) {
			genlmsg_cancel(skb, header);
			err = -EMSGSIZE;
			break;
		}
		genlmsg_end(skb, header);
	}
	return mtdlayer_dump_result(skb, err);
}

static int mtdlayer_layer_get_start(struct netlink_callback *cb)
{
	return mtdlayer_dump_start(cb, MTDLAYER_A_LAYER_DEVICE, true);
}

/* Moves @dump to the next layer that there is; false at the end. */
static bool mtdlayer_dump_next_layer(struct mtdlayer_dump *dump)
{
	for (; dump->device < dump->count; dump->device++, dump->role = 0) {
		const struct mtdlayer_status *status = dump->shown[dump->device].status;

		for (; dump->role < ARRAY_SIZE(status->releases); dump->role++, dump->item = 0)
			if (dump->item < status->releases[dump->role].layer_count)
				return true;
	}
	return false;
}

static int mtdlayer_layer_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct mtdlayer_dump *dump = *mtdlayer_dump(cb);
	int err = 0;

	for (; mtdlayer_dump_next_layer(dump); dump->item++) {
		void *header = mtdlayer_dump_header(skb, cb, MTDLAYER_CMD_LAYER_GET);

		if (!header || mtdlayer_fill_layer(skb, dump->shown[dump->device].status,
						   dump->role, dump->item)) {
			genlmsg_cancel(skb, header);
			err = -EMSGSIZE;
			break;
		}
		genlmsg_end(skb, header);
	}
	return mtdlayer_dump_result(skb, err);
}

static int mtdlayer_extent_get_start(struct netlink_callback *cb)
{
	return mtdlayer_dump_start(cb, MTDLAYER_A_EXTENT_DEVICE, false);
}

static int mtdlayer_extent_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct mtdlayer_dump *dump = *mtdlayer_dump(cb);
	const struct mtdlayer_status *status = dump->shown[0].status;
	int err = 0;

	for (; dump->item < status->extent_count; dump->item++) {
		void *header = mtdlayer_dump_header(skb, cb, MTDLAYER_CMD_EXTENT_GET);

		if (!header || mtdlayer_fill_extent(skb, status, dump->item)) {
			genlmsg_cancel(skb, header);
			err = -EMSGSIZE;
			break;
		}
		genlmsg_end(skb, header);
	}
	return mtdlayer_dump_result(skb, err);
}

/* ---- events ---- */

/* What an event says: two or three numbers. */
static int mtdlayer_fill_event(struct sk_buff *skb, u32 index, enum mtdlayer_event event,
			       u32 a, u32 b, u32 release)
{
	if (nla_put_u32(skb, MTDLAYER_A_EVENT_DEVICE, index) ||
	    nla_put_u32(skb, MTDLAYER_A_EVENT_KIND, event))
		return -EMSGSIZE;
	switch (event) {
	case MTDLAYER_EVENT_ATTACHED:
	case MTDLAYER_EVENT_DETACHED:
		return 0;
	case MTDLAYER_EVENT_STATE:
		return nla_put_u32(skb, MTDLAYER_A_EVENT_STATE, a);
	case MTDLAYER_EVENT_PROGRESS:
		return nla_put_u32(skb, MTDLAYER_A_EVENT_DONE, a) ?:
		       nla_put_u32(skb, MTDLAYER_A_EVENT_TOTAL, b);
	case MTDLAYER_EVENT_VERIFY_FAILED:
		if (nla_put_u32(skb, MTDLAYER_A_EVENT_RELEASE, release))
			return -EMSGSIZE;
		fallthrough;
	case MTDLAYER_EVENT_RELOCATED:
		return nla_put_u32(skb, MTDLAYER_A_EVENT_LAYER, a) ?:
		       nla_put_u32(skb, MTDLAYER_A_EVENT_LOGICAL, b);
	case MTDLAYER_EVENT_BAD_BLOCK:
	case MTDLAYER_EVENT_BAD_UNIT:
		return nla_put_u32(skb, MTDLAYER_A_EVENT_BLOCK, a);
	case MTDLAYER_EVENT_TABLE_DAMAGED:
		return nla_put_u32(skb, MTDLAYER_A_EVENT_UNITS, a);
	case MTDLAYER_EVENT_SETTLED:
		return nla_put_u32(skb, MTDLAYER_A_EVENT_AWAY, a);
	case MTDLAYER_EVENT_SCRUBBED:
		return nla_put_u32(skb, MTDLAYER_A_EVENT_BLOCK, a) ?:
		       nla_put_u32(skb, MTDLAYER_A_EVENT_TO, b);
	case MTDLAYER_EVENT_SPARE_LOW:
		return nla_put_u32(skb, MTDLAYER_A_EVENT_LEFT, a) ?:
		       nla_put_u32(skb, MTDLAYER_A_EVENT_RESERVE, b);
	case MTDLAYER_EVENT_WORK_FAILED:
		return nla_put_u32(skb, MTDLAYER_A_EVENT_ERROR, a);
	}
	return -EINVAL;
}

/* An event is lost: the listeners of @net get -ENOBUFS and know that they have to look again. */
static void mtdlayer_event_lost(struct net *net)
{
	genl_set_err(&mtdlayer_family, net, 0, 0, -ENOBUFS);
}

static void mtdlayer_event_lost_by_all(void)
{
	struct net *net;

	rcu_read_lock();
	for_each_net_rcu(net)
		mtdlayer_event_lost(net);
	rcu_read_unlock();
}

/* Flash belongs to no network namespace: all of them are told. */
static void mtdlayer_multicast(struct sk_buff *skb)
{
	struct sk_buff *copy;
	struct net *net;

	rcu_read_lock();
	for_each_net_rcu(net) {
		copy = skb_clone(skb, GFP_ATOMIC);
		if (copy)
			genlmsg_multicast_netns(&mtdlayer_family, net, copy, 0, 0, GFP_ATOMIC);
		else
			mtdlayer_event_lost(net);
	}
	rcu_read_unlock();
	nlmsg_free(skb);
}

static void mtdlayer_send_event(u32 index, enum mtdlayer_event event, u32 a, u32 b, u32 release,
				gfp_t gfp)
{
	struct sk_buff *skb;
	void *header;

	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, gfp);
	if (!skb) {
		mtdlayer_event_lost_by_all();
		return;
	}
	header = genlmsg_put(skb, 0, 0, &mtdlayer_family, 0, MTDLAYER_CMD_EVENT_NTF);
	if (!header || mtdlayer_fill_event(skb, index, event, a, b, release)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, header);
	mtdlayer_multicast(skb);
}

void mtdlayer_netlink_event(u32 index, enum mtdlayer_event event, u32 a, u32 b, gfp_t gfp)
{
	mtdlayer_send_event(index, event, a, b, 0, gfp);
}

void mtdlayer_netlink_verify_failed(u32 index, enum mtdlayer_release release, u32 layer,
				    u32 block, gfp_t gfp)
{
	mtdlayer_send_event(index, MTDLAYER_EVENT_VERIFY_FAILED, layer, block, release, gfp);
}

/* ---- the family ---- */

static const struct genl_ops mtdlayer_ops[] = {
	{
		.cmd = MTDLAYER_CMD_DEVICE_GET,
		.doit = mtdlayer_device_get_doit,
		.start = mtdlayer_device_get_start,
		.dumpit = mtdlayer_device_get_dumpit,
		.done = mtdlayer_dump_done,
		.policy = mtdlayer_device_policy,
		.maxattr = ARRAY_SIZE(mtdlayer_device_policy) - 1,
	},
	{
		.cmd = MTDLAYER_CMD_LAYER_GET,
		.start = mtdlayer_layer_get_start,
		.dumpit = mtdlayer_layer_get_dumpit,
		.done = mtdlayer_dump_done,
		.policy = mtdlayer_layer_policy,
		.maxattr = ARRAY_SIZE(mtdlayer_layer_policy) - 1,
	},
	{
		.cmd = MTDLAYER_CMD_EXTENT_GET,
		.start = mtdlayer_extent_get_start,
		.dumpit = mtdlayer_extent_get_dumpit,
		.done = mtdlayer_dump_done,
		.policy = mtdlayer_extent_policy,
		.maxattr = ARRAY_SIZE(mtdlayer_extent_policy) - 1,
	},
};

static const struct genl_multicast_group mtdlayer_groups[] = {
	{ .name = MTDLAYER_MCGRP_EVENTS },
};

static struct genl_family mtdlayer_family = {
	.name = MTDLAYER_FAMILY_NAME,
	.version = MTDLAYER_FAMILY_VERSION,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.ops = mtdlayer_ops,
	.n_ops = ARRAY_SIZE(mtdlayer_ops),
	.mcgrps = mtdlayer_groups,
	.n_mcgrps = ARRAY_SIZE(mtdlayer_groups),
};

int mtdlayer_netlink_setup(void)
{
	return genl_register_family(&mtdlayer_family);
}

void mtdlayer_netlink_cleanup(void)
{
	genl_unregister_family(&mtdlayer_family);
}
