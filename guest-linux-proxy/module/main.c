// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>

#include "hvm.h"

static char *partition[HVM_MAX_PARTITIONS];
static int partition_count;
module_param_array(partition, charp, &partition_count, 0444);
MODULE_PARM_DESC(partition,
		 "NAME:FIRSTCPU-LASTCPU:BASE:SIZE[:shared][:user][,...], memory cut out by memmap=SIZE$BASE");

struct hvm_part *hvm_parts[HVM_MAX_PARTITIONS];
unsigned int hvm_part_count;

static void destroy_partitions(void)
{
	/* The count first: the wake-up interrupt walks the array. */
	unsigned int count = hvm_part_count;

	WRITE_ONCE(hvm_part_count, 0);
	while (count)
		hvm_part_destroy(hvm_parts[--count]);
}

static int create_partitions(void)
{
	for (int i = 0; i < partition_count; i++) {
		struct hvm_part *part = hvm_part_create(partition[i], i);

		if (IS_ERR(part)) {
			destroy_partitions();
			return PTR_ERR(part);
		}
		hvm_parts[i] = part;
		smp_store_release(&hvm_part_count, i + 1);
	}
	return 0;
}

static int __init hvm_init(void)
{
	int err;

	if (!partition_count) {
		pr_err("hvm: no partition given; say partition=NAME:FIRSTCPU-LASTCPU:BASE:SIZE\n");
		return -EINVAL;
	}
	err = hvm_cpu_init();
	if (err)
		return err;
	err = hvm_boot_init();
	if (err)
		goto cpu;
	err = hvm_wake_init();
	if (err)
		goto boot;
	hvm_window_init();
	err = misc_register(&hvm_device);
	if (err)
		goto window;
	err = create_partitions();
	if (err)
		goto device;
	return 0;
device:
	misc_deregister(&hvm_device);
window:
	hvm_window_exit();
	hvm_wake_exit();
boot:
	hvm_boot_exit();
cpu:
	hvm_cpu_exit();
	return err;
}

static void __exit hvm_exit(void)
{
	destroy_partitions();
	misc_deregister(&hvm_device);
	hvm_window_exit();
	hvm_wake_exit();
	hvm_boot_exit();
	hvm_cpu_exit();
}

module_init(hvm_init);
module_exit(hvm_exit);
MODULE_LICENSE("GPL");
MODULE_AUTHOR("Hybrid VM authors");
MODULE_DESCRIPTION("HRT partitions beside Linux: cores, memory, merged address spaces");
