// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asks the module, if it is there, which MTD devices it has attached.
 */
#include <unistd.h>

#include "attached.h"
#include "netlink.h"

#define MODULE_DIR	"/sys/module/mtdlayer"

/** struct search - for the device on an MTD */
struct search {
	uint32_t mtd;
	uint32_t index;
	bool found;
};

static int take(void *ctx, struct nlattr **attributes)
{
	struct search *search = ctx;
	const struct nlattr *mtd = attributes[MTDLAYER_A_DEVICE_MTD_INDEX];
	const struct nlattr *index = attributes[MTDLAYER_A_DEVICE_INDEX];

	if (mtd && index && nla_get_u32(mtd) == search->mtd) {
		search->index = nla_get_u32(index);
		search->found = true;
	}
	return 0;
}

int attached_refuse(const char *path, int mtd, struct mtdl_reason *why)
{
	static const struct nla_policy policy[MTDLAYER_A_DEVICE_MAX + 1] = {
		[MTDLAYER_A_DEVICE_INDEX] = { .type = NLA_U32 },
		[MTDLAYER_A_DEVICE_MTD_INDEX] = { .type = NLA_U32 },
	};
	struct search search = { .mtd = (uint32_t)mtd };
	const struct netlink_query query = {
		.command = MTDLAYER_CMD_DEVICE_GET,
		.dump = true,
		.attribute_max = MTDLAYER_A_DEVICE_MAX,
		.policy = policy,
		.take = take,
		.ctx = &search,
	};
	struct netlink *netlink;
	int err;

	if (access(MODULE_DIR, F_OK))
		return 0;
	netlink = netlink_open(why);
	if (!netlink)
		return -errno;
	err = netlink_ask(netlink, &query, why);
	netlink_close(netlink);
	if (!err && search.found)
		err = mtdl_fail(why, -EBUSY, "%s: the kernel has it attached as mtdlayer%u: use -d mtdlayer%u, or detach it first",
				path, search.index, search.index);
	return err;
}
