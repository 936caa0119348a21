// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loads the kernel module through libkmod.
 */
#include <libkmod.h>
#include <sys/utsname.h>

#include "module.h"

#define MODULE_NAME	"mtdlayer"

static int explain(struct mtdl_reason *why, int err, const char *path)
{
	struct utsname kernel;

	uname(&kernel);
	switch (err) {
	case -ENOENT:
		return mtdl_fail(why, err, "the kernel module mtdlayer is not loaded, and /lib/modules/%s/modules.dep knows none, or one that is not there: install mtdlayer.ko for this kernel and run depmod, or load it with insmod",
				 kernel.release);
	case -EPERM:
	case -EACCES:
		return mtdl_fail(why, err, "the kernel module mtdlayer is not loaded, and loading %s needs root",
				 path);
	case -ENOEXEC:
	case -EINVAL:
		return mtdl_fail(why, err, "the kernel refuses %s: it is damaged, or was built for another kernel than %s; build it against this one's headers (dmesg says what differs)",
				 path, kernel.release);
	case -EKEYREJECTED:
	case -ENOKEY:
		return mtdl_fail(why, err, "the kernel refuses %s: it is not signed by a key that this kernel trusts (Secure Boot); sign it or enrol the key",
				 path);
	default:
		return mtdl_fail(why, err, "the kernel cannot load %s: %s; dmesg says more", path,
				 strerror(-err));
	}
}

static int probe(struct kmod_module *module)
{
	int err = kmod_module_probe_insert_module(module, KMOD_PROBE_APPLY_BLACKLIST, NULL, NULL,
						  NULL, NULL);

	/* a positive value names why it was skipped: here, the blacklist */
	return err > 0 ? -ECANCELED : err;
}

static int load_found(struct kmod_list *list, struct mtdl_reason *why)
{
	struct kmod_list *item;

	kmod_list_foreach(item, list) {
		struct kmod_module *module = kmod_module_get_module(item);
		const char *path = kmod_module_get_path(module);
		int err = probe(module);

		if (err == -ECANCELED)
			mtdl_fail(why, err, "the kernel module mtdlayer is not loaded, and a blacklist in /etc/modprobe.d forbids it: load it with insmod, or take it off the list");
		else if (err)
			explain(why, err, path ? path : MODULE_NAME);
		kmod_module_unref(module);
		if (err)
			return err;
	}
	return 0;
}

int module_load(struct mtdl_reason *why)
{
	struct kmod_ctx *ctx = kmod_new(NULL, NULL);
	struct kmod_list *list = NULL;
	int err;

	if (!ctx)
		return mtdl_fail(why, -ENOMEM, "no memory to look for the kernel module mtdlayer");
	/* its own complaints would come on top of the sentence */
	kmod_set_log_priority(ctx, 0);
	err = kmod_module_new_from_lookup(ctx, MODULE_NAME, &list);
	if (err < 0 || !list)
		err = explain(why, -ENOENT, MODULE_NAME);
	else
		err = load_found(list, why);
	kmod_module_unref_list(list);
	kmod_unref(ctx);
	return err;
}
