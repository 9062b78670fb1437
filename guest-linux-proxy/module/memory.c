// SPDX-License-Identifier: GPL-2.0-only
/*
 * Partition memory for programs and HRT modules: what lies behind the threads' areas is lent out in chunks of 2 MiB.
 * A job's process maps them. Linux never moves, shares or swaps it, so nothing happens to it that HRT cores would have
 * to hear of.
 *
 * A mapping is a region: its chunks, in the order of its pages. It may be split and moved; the chunks are given back
 * when its last piece is unmapped, which is after the notifier's shootdown.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/pfn_t.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "hvm.h"

#define CHUNK_SHIFT 21
#define CHUNK	    (1UL << CHUNK_SHIFT)
#define CHUNK_PAGES (CHUNK >> PAGE_SHIFT)

struct region {
	refcount_t pieces;
	struct hvm_part *part;
	unsigned long count;
	u32 chunk[]; /* number in the partition */
};

void hvm_memory_init(struct hvm_part *part)
{
	u64 used = HVM_OFFSET_HEAP + (u64)part->core_count * HVM_CORE_AREA + HVM_MAX_SPACES * HVM_JOB_AREA +
		   (u64)hvm_thread_count(part->size, part->core_count) * HVM_THREAD_AREA;

	part->first_chunk = DIV_ROUND_UP(used, CHUNK);
	part->chunk_count = part->size / CHUNK > part->first_chunk ? part->size / CHUNK - part->first_chunk : 0;
	spin_lock_init(&part->chunk_lock);
}

u64 hvm_chunk_offset(const struct hvm_part *part, u32 chunk)
{
	return (part->first_chunk + chunk) << CHUNK_SHIFT;
}

/* @count chunks, or -ENOMEM and none. */
int hvm_chunks_take(struct hvm_part *part, u32 *chunk, unsigned long count)
{
	unsigned long n = 0;

	spin_lock(&part->chunk_lock);
	if (part->chunk_count - part->chunks_used >= count) {
		for (u32 i = 0; n < count; i++)
			if (!__test_and_set_bit(i, part->chunk_map))
				chunk[n++] = i;
		part->chunks_used += n;
	}
	spin_unlock(&part->chunk_lock);
	return n == count ? 0 : -ENOMEM;
}

void hvm_chunks_give(struct hvm_part *part, const u32 *chunk, unsigned long count)
{
	spin_lock(&part->chunk_lock);
	for (unsigned long i = 0; i < count; i++)
		__clear_bit(chunk[i], part->chunk_map);
	part->chunks_used -= count;
	spin_unlock(&part->chunk_lock);
}

unsigned long hvm_chunks_free(struct hvm_part *part)
{
	return part->chunk_count - READ_ONCE(part->chunks_used);
}

static void clear_chunks(const struct region *region)
{
	for (unsigned long i = 0; i < region->count; i++) {
		memset(region->part->memory + hvm_chunk_offset(region->part, region->chunk[i]), 0, CHUNK);
		cond_resched();
	}
}

/* Offset in partition memory of page @page of the region's file offsets; 0 if it lies outside. */
static u64 offset_of_page(const struct region *region, pgoff_t page)
{
	unsigned long index = page - (HVM_MAP_MEMORY >> PAGE_SHIFT);

	if (index / CHUNK_PAGES >= region->count)
		return 0;
	return hvm_chunk_offset(region->part, region->chunk[index / CHUNK_PAGES]) + index % CHUNK_PAGES * PAGE_SIZE;
}

static void piece_open(struct vm_area_struct *vma)
{
	struct region *region = vma->vm_private_data;

	refcount_inc(&region->pieces);
}

static void piece_close(struct vm_area_struct *vma)
{
	struct region *region = vma->vm_private_data;

	if (!refcount_dec_and_test(&region->pieces))
		return;
	hvm_chunks_give(region->part, region->chunk, region->count);
	kvfree(region);
}

/* Where no huge page fits, all small pages of the chunk at once: HRT cores' faults are dear. */
static vm_fault_t piece_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	const struct region *region = vma->vm_private_data;
	unsigned long chunk = vmf->address & ~(CHUNK - 1);
	unsigned long end = min(chunk + CHUNK, vma->vm_end);
	vm_fault_t result = VM_FAULT_SIGBUS;

	for (unsigned long address = max(chunk, vma->vm_start); address < end; address += PAGE_SIZE) {
		u64 offset = offset_of_page(region, linear_page_index(vma, address));

		if (!offset)
			return VM_FAULT_SIGBUS;
		result = vmf_insert_pfn(vma, address, (region->part->base + offset) >> PAGE_SHIFT);
		if (result != VM_FAULT_NOPAGE)
			break;
	}
	return result;
}

/* PFN_MAP: Linux 6.1 has no other mark at this level by which get_user_pages_fast sees that there is no page to take.
 */
static vm_fault_t piece_huge_fault(struct vm_fault *vmf, enum page_entry_size size)
{
	struct vm_area_struct *vma = vmf->vma;
	const struct region *region = vma->vm_private_data;
	unsigned long start = vmf->address & ~(CHUNK - 1);
	u64 offset;

	if (size != PE_SIZE_PMD || start < vma->vm_start || start + CHUNK > vma->vm_end)
		return VM_FAULT_FALLBACK;
	offset = offset_of_page(region, linear_page_index(vma, start));
	if (!offset || !IS_ALIGNED(offset, CHUNK))
		return VM_FAULT_FALLBACK;
	return vmf_insert_pfn_pmd(vmf, phys_to_pfn_t(region->part->base + offset, PFN_DEV | PFN_MAP),
				  vma->vm_flags & VM_WRITE);
}

/* For ptrace and /proc/PID/mem, to which these are no pages. */
static int piece_access(struct vm_area_struct *vma, unsigned long address, void *buffer, int length, int write)
{
	const struct region *region = vma->vm_private_data;
	u64 offset = offset_of_page(region, linear_page_index(vma, address));
	u8 *memory = region->part->memory + offset + offset_in_page(address);
	int size = min_t(int, length, PAGE_SIZE - offset_in_page(address));

	if (!offset || (write && !(vma->vm_flags & VM_WRITE)))
		return -EFAULT;
	memcpy(write ? memory : buffer, write ? buffer : memory, (size_t)size);
	return size;
}

static const struct vm_operations_struct piece_operations = {
    .open = piece_open,
    .close = piece_close,
    .fault = piece_fault,
    .huge_fault = piece_huge_fault,
    .access = piece_access,
};

int hvm_memory_mmap(struct hvm_job *job, struct vm_area_struct *vma)
{
	unsigned long count = DIV_ROUND_UP(vma->vm_end - vma->vm_start, CHUNK);
	struct region *region;
	int err;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (count > job->part->chunk_count)
		return -ENOMEM;
	region = kvzalloc(struct_size(region, chunk, count), GFP_KERNEL);
	if (!region)
		return -ENOMEM;
	refcount_set(&region->pieces, 1);
	region->part = job->part;
	region->count = count;
	err = hvm_chunks_take(region->part, region->chunk, region->count);
	if (err) {
		kvfree(region);
		return err;
	}
	clear_chunks(region);
	vma->vm_private_data = region;
	vma->vm_ops = &piece_operations;
	/* Not for children of fork: memory that both write to would be no private memory. */
	vma->vm_flags |= VM_IO | VM_PFNMAP | VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP;
	return 0;
}
