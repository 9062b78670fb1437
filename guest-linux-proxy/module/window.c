// SPDX-License-Identifier: GPL-2.0-only
/*
 * The window: memory that host and guest share. It is BAR 2 of the ivshmem device that hvmd gives each VM, a file in
 * the host's memory (QEMU, docs/specs/ivshmem-spec.txt). No interrupts and no registers of the device are used.
 *
 * It is plain memory, and mapped so: write-back. Linux asks the MTRRs first, which qboot leaves blank, and would map it
 * uncached; the VM is booted with nopat, so that what is asked for is done.
 */
#include <linux/capability.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/sizes.h>

#include "hvm.h"

#define IVSHMEM_VENDOR 0x1af4
#define IVSHMEM_DEVICE 0x1110
#define MEMORY_BAR     2

/* Set while the module is loaded and never after: no lock. */
static struct {
	struct pci_dev *device;
	phys_addr_t phys;
	u64 size; /* 0 = there is none */
} window;

static int take(struct pci_dev *device)
{
	int err = pci_enable_device_mem(device);

	if (err)
		return err;
	err = pci_request_region(device, MEMORY_BAR, "hvm window");
	if (err)
		goto disable;
	if (!pci_resource_len(device, MEMORY_BAR)) {
		err = -ENODEV;
		goto release;
	}
	return 0;
release:
	pci_release_region(device, MEMORY_BAR);
disable:
	pci_disable_device(device);
	return err;
}

/* A VM without a window is none that HRT programs would miss. */
void hvm_window_init(void)
{
	struct pci_dev *device = pci_get_device(IVSHMEM_VENDOR, IVSHMEM_DEVICE, NULL);
	int err;

	if (!device)
		return;
	err = take(device);
	if (err) {
		pr_warn("hvm: the window of %s cannot be used: %d\n", pci_name(device), err);
		pci_dev_put(device);
		return;
	}
	window.device = device;
	window.phys = pci_resource_start(device, MEMORY_BAR);
	window.size = pci_resource_len(device, MEMORY_BAR);
	pr_info("hvm: window of %llu KiB at 0x%llx\n", window.size >> 10, (u64)window.phys);
	if (window.phys < SZ_4G)
		pr_warn("hvm: the window lies below 4 GiB, where firmware has hardware not cache: it may be slow\n");
}

void hvm_window_exit(void)
{
	if (!window.device)
		return;
	pci_release_region(window.device, MEMORY_BAR);
	pci_disable_device(window.device);
	pci_dev_put(window.device);
}

void hvm_window_describe(struct hvm_window_info *info)
{
	info->size = window.size;
	info->phys = window.phys;
}

/* All of it at once: HRT cores find every page present. */
int hvm_window_mmap(struct vm_area_struct *vma)
{
	unsigned long size = vma->vm_end - vma->vm_start;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (!window.size)
		return -ENODEV;
	if (size > window.size || !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vma->vm_flags |= VM_DONTEXPAND | VM_DONTDUMP;
	return remap_pfn_range(vma, vma->vm_start, window.phys >> PAGE_SHIFT, size, vma->vm_page_prot);
}
