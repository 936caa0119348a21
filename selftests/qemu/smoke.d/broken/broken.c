// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module that does wrong what its parameter names, to prove that the debug kernels
 * and the test machinery notice.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

static char *how = "";
module_param(how, charp, 0);
MODULE_PARM_DESC(how, "leak, warn, overrun, shift or locks");

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

/* Kept from the compiler, which would see through it. */
static noinline void *forget(size_t size)
{
	return kmalloc(size, GFP_KERNEL);
}

static void leak(void)
{
	int i;

	/* several, because a stale register or stack slot may still point to one */
	for (i = 0; i < 16; i++)
		if (!forget(1000))
			pr_info("broken: no memory to leak\n");
}

static void overrun(void)
{
	char *p = kmalloc(100, GFP_KERNEL);

	if (!p)
		return;
	OPTIMIZER_HIDE_VAR(p);
	p[100] = 1;
	kfree(p);
}

static void shift(void)
{
	int bits = 40;
	int one = 1;

	OPTIMIZER_HIDE_VAR(bits);
	OPTIMIZER_HIDE_VAR(one);
	pr_info("broken: shifted to %d\n", one << bits);
}

static void locks(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);
	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static int __init broken_init(void)
{
	if (!strcmp(how, "leak"))
		leak();
	else if (!strcmp(how, "warn"))
		WARN(1, "broken: as asked\n");
	else if (!strcmp(how, "overrun"))
		overrun();
	else if (!strcmp(how, "shift"))
		shift();
	else if (!strcmp(how, "locks"))
		locks();
	else
		return -EINVAL;
	return 0;
}

static void __exit broken_exit(void)
{
}

module_init(broken_init);
module_exit(broken_exit);
MODULE_DESCRIPTION("Does wrong what it is asked to");
MODULE_LICENSE("GPL");
