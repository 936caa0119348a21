// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module: what is set up, in which order, and the reverse.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/mtd/mtd.h>
#include <linux/mtdlayer.h>
#include <net/genetlink.h>

#include "autoattach.h"
#include "control.h"
#include "device.h"
#include "hash.h"
#include "netlink.h"

static void mtdlayer_removed(struct mtd_info *mtd)
{
	mtdlayer_autoattach_removed(mtd);
	mtdlayer_device_removed(mtd);
}

/* Registering it reports every MTD device as added, unregistering it every one as removed. */
static struct mtd_notifier mtdlayer_notifier = {
	.add = mtdlayer_autoattach_added,
	.remove = mtdlayer_removed,
};

static int __init mtdlayer_init(void)
{
	int err;

	mtdlayer_hash_setup();
	err = mtdlayer_autoattach_setup();
	if (err)
		goto err_cleanup_hash;
	err = mtdlayer_netlink_setup();
	if (err)
		goto err_cleanup_autoattach;
	err = mtdlayer_devices_setup();
	if (err)
		goto err_cleanup_netlink;
	err = mtdlayer_control_setup();
	if (err)
		goto err_cleanup_devices;
	register_mtd_user(&mtdlayer_notifier);
	pr_info("mtdlayer: ready, SHA-256 by %s\n", mtdlayer_hash_name());
	/* built in, flash drivers may still be probing: see mtdlayer_ready() */
	if (IS_MODULE(CONFIG_MTD_LAYER))
		mtdlayer_autoattach_flush();
	return 0;

err_cleanup_devices:
	mtdlayer_devices_cleanup();
err_cleanup_netlink:
	mtdlayer_netlink_cleanup();
err_cleanup_autoattach:
	mtdlayer_autoattach_cleanup();
err_cleanup_hash:
	mtdlayer_hash_cleanup();
	return err;
}

static void __exit mtdlayer_exit(void)
{
	mtdlayer_control_cleanup();
	/* before the devices are let go: what was attached after that would stay */
	mtdlayer_autoattach_stop();
	unregister_mtd_user(&mtdlayer_notifier);
	mtdlayer_autoattach_cleanup();
	mtdlayer_devices_cleanup();
	mtdlayer_netlink_cleanup();
	mtdlayer_hash_cleanup();
}

#ifdef MODULE
module_init(mtdlayer_init);
#else
/* After the hash drivers, before the root file system, which may lie in a layer. */
late_initcall(mtdlayer_init);

static int __init mtdlayer_ready(void)
{
	mtdlayer_autoattach_flush();
	return 0;
}
late_initcall_sync(mtdlayer_ready);
#endif
module_exit(mtdlayer_exit);

MODULE_DESCRIPTION("Layered partitions with atomic upgrades");
MODULE_LICENSE("GPL");
MODULE_ALIAS_GENL_FAMILY(MTDLAYER_FAMILY_NAME);
