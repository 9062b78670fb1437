// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/sched/mm.h>
#include <asm/pgtable.h>
#include <asm/tsc.h>

#include "hvm.h"

/* Page-fault error code (SDM Vol. 3, 4.7). */
#define FAULT_WRITE	  BIT(1)
#define FAULT_INSTRUCTION BIT(4)

#define TOP_HALF 256 /* entries of a top-level table that map the lower half of the address space */

/*
 * Copy entries @first..@last of the process's top-level table. Page-table isolation marks them NX for the kernel's own
 * use of the table; HRT programs run in ring 0 with this table, so the bit must go.
 */
static void copy_top(struct hvm_job *job, unsigned int first, unsigned int last)
{
	for (unsigned int i = first; i <= last && i < TOP_HALF; i++) {
		u64 entry = READ_ONCE(job->mm->pgd[i].pgd) & ~_PAGE_NX;

		if (job->top[i] != entry)
			WRITE_ONCE(job->top[i], entry);
	}
}

static void copy_top_range(struct hvm_job *job, unsigned long start, unsigned long end)
{
	spin_lock(&job->top_lock);
	copy_top(job, pgd_index(start), end > start ? pgd_index(min(end, TASK_SIZE_MAX) - 1) : pgd_index(start));
	spin_unlock(&job->top_lock);
}

/*
 * Linux is about to reuse pages or table pages of [start, end): every HRT core that runs in this address space must
 * have dropped its translations before we return. May be called under a page-table lock.
 */
static void invalidate_range(struct mmu_notifier *notifier, struct mm_struct *mm, unsigned long start,
			     unsigned long end)
{
	struct hvm_job *job = container_of(notifier, struct hvm_job, notifier);
	struct hvm_part *part = job->part;
	const struct hvm_group *group = job->group;
	DECLARE_BITMAP(asked, HVM_MAX_CORES);
	u64 ticket[HVM_MAX_CORES];
	u64 begin;

	copy_top_range(job, start, end);
	bitmap_zero(asked, HVM_MAX_CORES);
	/* The entries above and Linux's own before we look who has them loaded; the core: loaded, fence, CR3. */
	smp_mb();
	begin = rdtsc_ordered();
	for (unsigned int i = 0; i < group->core_count; i++) {
		struct hvm_core *control = &part->cores[group->core[i]];

		if (READ_ONCE(control->loaded) != job->top_phys)
			continue;
		ticket[i] = atomic64_inc_return((atomic64_t *)&control->flush);
		hvm_cpu_doorbell(part->apic_id[group->core[i]]);
		__set_bit(i, asked);
	}
	for (unsigned int i = 0; i < group->core_count; i++) {
		struct hvm_core *control = &part->cores[group->core[i]];

		if (!test_bit(i, asked))
			continue;
		if (!hvm_poll(hvm_load_acquire(&control->flush_ack) >= ticket[i] ||
				  READ_ONCE(control->loaded) != job->top_phys,
			      HVM_FLUSH_LIMIT_NS))
			hvm_core_park_by_force(part, group->core[i]);
	}
	if (!bitmap_empty(asked, HVM_MAX_CORES)) {
		atomic64_inc(&job->shootdowns);
		atomic64_add((s64)hvm_ns_since(begin), &job->shootdown_ns);
	}
}

/* The address space ends (exit, exec, kill): the program must be off its cores before the page tables go. */
static void release(struct mmu_notifier *notifier, struct mm_struct *mm)
{
	hvm_job_end(container_of(notifier, struct hvm_job, notifier), false);
}

static const struct mmu_notifier_ops notifier_ops = {
    .invalidate_range = invalidate_range,
    .release = release,
};

/* Merge the calling process: job->part and job->group are set, part->lock held. */
int hvm_space_create(struct hvm_job *job)
{
	struct hvm_part *part = job->part;
	const u64 *idle = (u64 *)(part->memory + (part->idle_top - part->base));
	int err;

	job->space = find_first_zero_bit(part->spaces, HVM_MAX_SPACES);
	if (job->space == HVM_MAX_SPACES)
		return -EAGAIN;
	__set_bit(job->space, part->spaces);
	job->top_phys = part->base + HVM_OFFSET_SPACES + job->space * HVM_PAGE_SIZE;
	job->top = (u64 *)(part->memory + (job->top_phys - part->base));
	spin_lock_init(&job->top_lock);
	memset(job->top, 0, PAGE_SIZE / 2);
	memcpy(job->top + TOP_HALF, idle + TOP_HALF, PAGE_SIZE / 2);
	job->mm = current->mm;
	job->notifier.ops = &notifier_ops;
	err = mmu_notifier_register(&job->notifier, job->mm);
	if (err) {
		__clear_bit(job->space, part->spaces);
		return err;
	}
	copy_top_range(job, 0, TASK_SIZE_MAX);
	return 0;
}

/* The job has ended; part->lock is held. */
void hvm_space_destroy(struct hvm_job *job)
{
	memset(job->top, 0, PAGE_SIZE / 2);
	__clear_bit(job->space, job->part->spaces);
}

/* Tell the reasons for a refused access apart, as Linux's own handler does. */
static int why_refused(struct mm_struct *mm, u64 address, u64 error)
{
	struct vm_area_struct *vma = find_vma(mm, address);

	if (!vma || (vma->vm_start > address && !(vma->vm_flags & VM_GROWSDOWN)))
		return -EFAULT;
	if (error & FAULT_WRITE ? !(vma->vm_flags & VM_WRITE) : !(vma->vm_flags & (VM_READ | VM_WRITE | VM_EXEC)))
		return -EACCES;
	if (error & FAULT_INSTRUCTION && !(vma->vm_flags & VM_EXEC))
		return -EACCES;
	return 0;
}

int hvm_space_fault(struct hvm_job *job, u64 address, u64 error)
{
	struct mm_struct *mm = job->mm;
	bool unlocked = false;
	int err;

	if (current->mm != mm)
		return -EPERM;
	if (address >= TASK_SIZE_MAX)
		return -EFAULT;
	mmap_read_lock(mm);
	err = why_refused(mm, address, error);
	if (!err) {
		err = fixup_user_fault(mm, address, error & FAULT_WRITE ? FAULT_FLAG_WRITE : 0, &unlocked);
		/* The mapping allows the access and still has no page: beyond a file's end, a bad sector. */
		if (err == -EFAULT || err == -EHWPOISON)
			err = find_vma(mm, address) ? -EIO : -EFAULT;
	}
	mmap_read_unlock(mm);
	if (!err)
		copy_top_range(job, address, address + 1);
	return err;
}
