// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaching at boot, as the module's parameters and the device tree say.
 *
 * "attach=" lists MTD devices, as mtdN or by name; every device tree node with the
 * compatible "mtdlayer,layers" counts as listed.  A device that is not there yet is attached
 * when it appears.  MTD reports that with mtd_table_mutex held, which attaching needs: so
 * the report only marks an entry, and a work item attaches.
 *
 * The first attach of an entry is the system's boot: it decides what this boot exposes and
 * counts the attempt of a trial.  A second attach of the same entry is a flash that was unplugged
 * and came back: it only looks, as "boot=0" and a crash kernel do.  Who loads the module again
 * in the same boot says "boot=0".
 */
#include <linux/crash_dump.h>
#include <linux/module.h>
#include <linux/mtd/mtd.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "autoattach.h"
#include "device.h"
#include "export.h"

static char *mtdlayer_attach;
module_param_named(attach, mtdlayer_attach, charp, 0444);
MODULE_PARM_DESC(attach, "MTD devices to attach, comma-separated: mtdN or names");

static unsigned long long mtdlayer_table_offset;
module_param_named(table_offset, mtdlayer_table_offset, ullong, 0444);
MODULE_PARM_DESC(table_offset, "Byte from which the layer table of those is searched for (default: 0)");

static bool mtdlayer_boot = true;
module_param_named(boot, mtdlayer_boot, bool, 0444);
MODULE_PARM_DESC(boot, "Whether attaching those is a boot, which counts an attempt of a trial (default: 1)");

/**
 * struct mtdlayer_entry - an MTD device that is to be attached when it is there
 * @list: in mtdlayer_entries
 * @parent: which one; its name belongs to the entry, its index may change with a @node
 * @node: a reference to what lists it in the device tree, or NULL: a parameter lists it
 * @table_offset: byte from which the table is searched for
 * @pending: it has appeared and waits for the work item
 * @booted: it was attached before; only the work item looks at it
 */
struct mtdlayer_entry {
	struct list_head list;
	struct mtdlayer_parent parent;
	struct device_node *node;
	u64 table_offset;
	bool pending;
	bool booted;
};

/*
 * Protects mtdlayer_entries, each entry's @pending and @parent.index, and
 * mtdlayer_autoattach_stopped; taken inside mtd_table_mutex.
 */
static DEFINE_SPINLOCK(mtdlayer_entries_lock);
static LIST_HEAD(mtdlayer_entries);

/* The module is going: what would be attached now, nobody would detach. */
static bool mtdlayer_autoattach_stopped;

/* ---- attaching ---- */

/* An entry that waits, and which device it means by now; NULL: none waits. */
static struct mtdlayer_entry *mtdlayer_entry_next_pending(struct mtdlayer_parent *parent)
{
	struct mtdlayer_entry *entry;

	spin_lock(&mtdlayer_entries_lock);
	list_for_each_entry(entry, &mtdlayer_entries, list) {
		if (!entry->pending)
			continue;
		entry->pending = false;
		*parent = entry->parent;
		spin_unlock(&mtdlayer_entries_lock);
		return entry;
	}
	spin_unlock(&mtdlayer_entries_lock);
	return NULL;
}

static void mtdlayer_entry_attach(struct mtdlayer_entry *entry,
				  const struct mtdlayer_parent *parent)
{
	struct mtdlayer_attach_request request = {
		.parent = *parent,
		.table_offset = entry->table_offset,
		.boot = mtdlayer_boot && !entry->booted && !is_kdump_kernel(),
	};
	struct mtdl_reason why = { };
	u32 index;
	int err;

	err = mtdlayer_device_attach(&request, &index, &why);
	if (!err)
		entry->booted = true;
	else if (parent->index >= 0)
		pr_err("mtdlayer: mtd%d is not attached: %s (error %d)\n", parent->index,
		       why.text, err);
	else
		pr_err("mtdlayer: MTD device %s is not attached: %s (error %d)\n",
		       parent->name, why.text, err);
}

static void mtdlayer_autoattach_work(struct work_struct *work)
{
	struct mtdlayer_parent parent;
	struct mtdlayer_entry *entry;

	while ((entry = mtdlayer_entry_next_pending(&parent)))
		mtdlayer_entry_attach(entry, &parent);
}

static DECLARE_WORK(mtdlayer_autoattach, mtdlayer_autoattach_work);

/* ---- what appears ---- */

static bool mtdlayer_entry_fits(const struct mtdlayer_entry *entry, struct mtd_info *mtd)
{
	/* its number may have been given to another since */
	if (entry->node)
		return entry->node == mtd_get_of_node(mtd);
	if (entry->parent.index >= 0)
		return entry->parent.index == mtd->index;
	return !strcmp(entry->parent.name, mtd->name);
}

static struct mtdlayer_entry *mtdlayer_entry_find(struct mtd_info *mtd)
{
	struct mtdlayer_entry *entry;

	lockdep_assert_held(&mtdlayer_entries_lock);
	list_for_each_entry(entry, &mtdlayer_entries, list)
		if (mtdlayer_entry_fits(entry, mtd))
			return entry;
	return NULL;
}

static struct mtdlayer_entry *mtdlayer_entry_alloc(int index, const char *name)
{
	struct mtdlayer_entry *entry = kzalloc(sizeof(*entry), GFP_KERNEL);

	if (!entry)
		return NULL;
	entry->table_offset = mtdlayer_table_offset;
	entry->parent.index = index;
	entry->parent.name = name ? kstrdup(name, GFP_KERNEL) : NULL;
	if (name && !entry->parent.name) {
		kfree(entry);
		return NULL;
	}
	return entry;
}

static void mtdlayer_entry_free(struct mtdlayer_entry *entry)
{
	of_node_put(entry->node);
	kfree(entry->parent.name);
	kfree(entry);
}

/* Where the layout says that the table begins: the address of the child node "table". */
static int mtdlayer_node_table_offset(struct device_node *node, u64 *offset)
{
	u32 high = 0, low = 0, cells = 1;
	struct device_node *table;

	of_property_read_u32(node, "#address-cells", &cells);
	if (cells != 1 && cells != 2)
		return -EINVAL;
	table = of_get_child_by_name(node, "table");
	of_property_read_u32_index(table, "reg", cells - 1, &low);
	if (cells > 1)
		of_property_read_u32_index(table, "reg", cells - 2, &high);
	of_node_put(table);
	*offset = (u64)high << 32 | low;
	return 0;
}

/*
 * MTD makes a platform device of each partition that has a compatible.  Nothing is done with
 * it, but it has to be bound, lest its consumers wait for ever; and it has the module loaded.
 */
static const struct of_device_id mtdlayer_of_match[] = {
	{ .compatible = "mtdlayer,layers" },
	{ }
};
MODULE_DEVICE_TABLE(of, mtdlayer_of_match);

static int mtdlayer_platform_probe(struct platform_device *pdev)
{
	return 0;
}

static struct platform_driver mtdlayer_platform_driver = {
	.probe = mtdlayer_platform_probe,
	.driver = {
		.name = "mtdlayer",
		.of_match_table = mtdlayer_of_match,
	},
};

static bool mtdlayer_is_declared(struct mtd_info *mtd)
{
	return mtd_get_of_node(mtd) && of_match_node(mtdlayer_of_match, mtd_get_of_node(mtd));
}

/* A partition that the device tree declares is listed by its node: it may come back. */
static void mtdlayer_autoattach_declared(struct mtd_info *mtd)
{
	struct mtdlayer_entry *entry;

	if (!mtdlayer_is_declared(mtd))
		return;
	entry = mtdlayer_entry_alloc(mtd->index, NULL);
	if (!entry) {
		pr_err("mtdlayer: mtd%d (%s) is not attached: there is not enough memory\n",
		       mtd->index, mtd->name);
		return;
	}
	entry->node = of_node_get(mtd_get_of_node(mtd));
	if (mtdlayer_node_table_offset(entry->node, &entry->table_offset)) {
		pr_err("mtdlayer: mtd%d (%s) is not attached: #address-cells of %pOF must be 1 or 2\n",
		       mtd->index, mtd->name, entry->node);
		mtdlayer_entry_free(entry);
		return;
	}
	spin_lock(&mtdlayer_entries_lock);
	if (!mtdlayer_entry_find(mtd)) {
		list_add_tail(&entry->list, &mtdlayer_entries);
		entry = NULL;
	}
	spin_unlock(&mtdlayer_entries_lock);
	if (entry)
		mtdlayer_entry_free(entry);
}

void mtdlayer_autoattach_added(struct mtd_info *mtd)
{
	struct mtdlayer_entry *entry;

	/* a layer may well be called as the partition that carries it */
	if (mtdlayer_export_is_layer(mtd_get_master(mtd)))
		return;
	mtdlayer_autoattach_declared(mtd);
	spin_lock(&mtdlayer_entries_lock);
	entry = mtdlayer_entry_find(mtd);
	if (entry && !mtdlayer_autoattach_stopped) {
		if (entry->node)
			entry->parent.index = mtd->index;
		entry->pending = true;
		queue_work(system_freezable_wq, &mtdlayer_autoattach);
	}
	spin_unlock(&mtdlayer_entries_lock);
}

void mtdlayer_autoattach_removed(struct mtd_info *mtd)
{
	struct mtdlayer_entry *entry;

	spin_lock(&mtdlayer_entries_lock);
	entry = mtdlayer_entry_find(mtd);
	/* its number may be another's by the time the work item runs */
	if (entry)
		entry->pending = false;
	spin_unlock(&mtdlayer_entries_lock);
}

void mtdlayer_autoattach_flush(void)
{
	flush_work(&mtdlayer_autoattach);
}

/* ---- parameters ---- */

static void mtdlayer_entries_free(void)
{
	struct mtdlayer_entry *entry, *next;

	list_for_each_entry_safe(entry, next, &mtdlayer_entries, list) {
		list_del(&entry->list);
		mtdlayer_entry_free(entry);
	}
}

/* "mtd7" is a number; everything else is a name. */
static int mtdlayer_entry_parse(const char *word)
{
	struct mtdlayer_entry *entry;
	unsigned int index;

	if (!strncmp(word, "mtd", 3) && word[3] != '+' && !kstrtouint(word + 3, 10, &index) &&
	    index <= INT_MAX)
		entry = mtdlayer_entry_alloc(index, NULL);
	else
		entry = mtdlayer_entry_alloc(-1, word);
	if (!entry)
		return -ENOMEM;
	list_add_tail(&entry->list, &mtdlayer_entries);
	return 0;
}

/* Lists what the parameter "attach" names. */
static int mtdlayer_entries_parse(void)
{
	char *words, *rest, *word;
	int err = 0;

	if (!mtdlayer_attach)
		return 0;
	words = kstrdup(mtdlayer_attach, GFP_KERNEL);
	if (!words)
		return -ENOMEM;
	rest = words;
	while (!err && (word = strsep(&rest, ","))) {
		if (*word) {
			err = mtdlayer_entry_parse(word);
			continue;
		}
		pr_err("mtdlayer: attach=%s has an empty name: list mtdN or names, separated by single commas\n",
		       mtdlayer_attach);
		err = -EINVAL;
	}
	kfree(words);
	return err;
}

int mtdlayer_autoattach_setup(void)
{
	int err;

	err = mtdlayer_entries_parse();
	if (!err)
		err = platform_driver_register(&mtdlayer_platform_driver);
	if (err)
		mtdlayer_entries_free();
	return err;
}

void mtdlayer_autoattach_stop(void)
{
	spin_lock(&mtdlayer_entries_lock);
	mtdlayer_autoattach_stopped = true;
	spin_unlock(&mtdlayer_entries_lock);
	cancel_work_sync(&mtdlayer_autoattach);
}

void mtdlayer_autoattach_cleanup(void)
{
	platform_driver_unregister(&mtdlayer_platform_driver);
	mtdlayer_entries_free();
}
