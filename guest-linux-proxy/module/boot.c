// SPDX-License-Identifier: GPL-2.0-only
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/pgtable.h>
#include <asm/tsc.h>

#include "hvm.h"

/* How long a core that got an INIT may go on with what it did: the interrupt is delivered by the hypervisor. */
#define INIT_SETTLE_US 200

/* The page at HVM_TRAMPOLINE_PHYS and the boot tables after it are for one core at a time. */
static DEFINE_MUTEX(trampoline_lock);
static u8 *trampoline;

int hvm_boot_init(void)
{
	if (region_intersects(HVM_TRAMPOLINE_PHYS, HVM_TRAMPOLINE_SIZE, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) !=
	    REGION_DISJOINT) {
		pr_err("hvm: Linux uses the trampoline's memory; boot it with memmap=%uK$0x%x\n",
		       HVM_TRAMPOLINE_SIZE >> 10, HVM_TRAMPOLINE_PHYS);
		return -EBUSY;
	}
	trampoline = memremap(HVM_TRAMPOLINE_PHYS, HVM_TRAMPOLINE_SIZE, MEMREMAP_WB);
	return trampoline ? 0 : -ENOMEM;
}

void hvm_boot_exit(void)
{
	memunmap(trampoline);
}

/*
 * The boot tables: the first 2 MiB at their own address, and the partition's upper half. One page for each level; with
 * five levels the first of four is the extra one.
 */
static void build_boot_tables(struct hvm_part *part)
{
	const u64 table = _PAGE_PRESENT | _PAGE_RW;
	u64 phys = HVM_TRAMPOLINE_TABLES_PHYS;
	u64 *page = (u64 *)(trampoline + (phys - HVM_TRAMPOLINE_PHYS));
	const u64 *idle = (u64 *)(part->memory + (part->idle_top - part->base));
	unsigned int levels = part->head->flags & HVM_FLAG_LA57 ? 5 : 4;

	memset(page, 0, 4 * PAGE_SIZE);
	memcpy(page + 256, idle + 256, PAGE_SIZE / 2);
	for (unsigned int level = levels; level > 2; level--) {
		phys += PAGE_SIZE;
		page[0] = phys | table;
		page += PAGE_SIZE / sizeof(*page);
	}
	page[0] = table | _PAGE_PSE;
}

/*
 * Text is rarely damaged: what is equal is not written again, so that caches (and the code that an emulator or a
 * hypervisor derived from it) stay valid.
 */
static void copy_where_different(u8 *to, const u8 *from, size_t size)
{
	for (size_t at = 0; at < size; at += PAGE_SIZE) {
		size_t chunk = min_t(size_t, size - at, PAGE_SIZE);

		if (memcmp(to + at, from + at, chunk))
			memcpy(to + at, from + at, chunk);
	}
}

static void restore_image(struct hvm_part *part)
{
	const struct hvm_image *image = (struct hvm_image *)(part->memory + HVM_OFFSET_CLEAN);

	copy_where_different(part->memory + HVM_OFFSET_IMAGE, (const u8 *)image, part->image_size);
	memset(part->memory + HVM_OFFSET_IMAGE + part->image_size, 0, image->memory_size - part->image_size);
}

/* What the loaded image says of itself, checked again: a stray program may have written to the clean copy. */
static const struct hvm_image *checked_image(struct hvm_part *part)
{
	const struct hvm_image *image = (struct hvm_image *)(part->memory + HVM_OFFSET_CLEAN);

	if (image->magic != HVM_IMAGE_MAGIC || image->revision != HVM_ABI_REVISION ||
	    image->file_size > part->image_size || image->memory_size > HVM_IMAGE_MAX ||
	    image->memory_size < part->image_size || image->trampoline_size > HVM_TRAMPOLINE_PARAMS ||
	    image->trampoline_offset > part->image_size ||
	    image->trampoline_size > part->image_size - image->trampoline_offset || image->entry < HVM_IMAGE_VA ||
	    image->entry >= HVM_IMAGE_VA + part->image_size)
		return NULL;
	return image;
}

int hvm_image_load(struct hvm_part *part, const void __user *user, u64 size)
{
	int err = 0;

	if (size < sizeof(struct hvm_image))
		return -EINVAL;
	if (size > HVM_IMAGE_MAX)
		return -E2BIG;
	mutex_lock(&part->lock);
	if (hvm_part_cores_free(part) < part->core_count) {
		err = -EBUSY;
		goto out;
	}
	part->image_size = size;
	if (copy_from_user(part->memory + HVM_OFFSET_CLEAN, user, size))
		err = -EFAULT;
	else if (!checked_image(part))
		err = -EINVAL;
	if (err)
		part->image_size = 0;
out:
	mutex_unlock(&part->lock);
	return err;
}

/* INIT a core, whatever it does; it executes nothing until its SIPI. */
static void park_core(struct hvm_part *part, unsigned int core)
{
	hvm_cpu_send_init(part->apic_id[core]);
	udelay(INIT_SETTLE_US);
	WRITE_ONCE(part->cores[core].loaded, 0);
	WRITE_ONCE(part->cores[core].state, HVM_CORE_OFF);
}

static bool core_idles(struct hvm_part *part, unsigned int core)
{
	return READ_ONCE(part->cores[core].state) == HVM_CORE_IDLE;
}

/* Start a parked core; returns when it idles. *@init_tsc: when it was sent INIT. */
static int start_core(struct hvm_part *part, unsigned int core, u64 *init_tsc)
{
	const struct hvm_image *image = (struct hvm_image *)(part->memory + HVM_OFFSET_IMAGE);
	struct hvm_trampoline *params = (struct hvm_trampoline *)(trampoline + HVM_TRAMPOLINE_PARAMS);
	struct hvm_core *control = &part->cores[core];
	int err = -ETIMEDOUT;

	mutex_lock(&trampoline_lock);
	build_boot_tables(part);
	copy_where_different(trampoline, (u8 *)image + image->trampoline_offset, image->trampoline_size);
	*params = (struct hvm_trampoline){
	    .cr3 = HVM_TRAMPOLINE_TABLES_PHYS,
	    .cr4 = X86_CR4_PAE | (part->head->flags & HVM_FLAG_LA57 ? X86_CR4_LA57 : 0),
	    .entry = image->entry,
	    .partition = HVM_DIRECT_VA + part->base,
	    .core = core,
	};
	WRITE_ONCE(control->stop, 0);
	WRITE_ONCE(control->state, HVM_CORE_STARTING);
	*init_tsc = rdtsc_ordered();
	hvm_cpu_send_init(part->apic_id[core]);
	/* A SIPI may be lost while INIT is still under way (SDM 9.4.4.1 sends two). */
	for (int i = 0; i < 3 && err; i++) {
		hvm_cpu_send_startup(part->apic_id[core], HVM_TRAMPOLINE_PHYS);
		if (hvm_poll_sleeping(core_idles(part, core), i < 2 ? 20 * NSEC_PER_MSEC : HVM_BOOT_LIMIT_NS))
			err = 0;
	}
	mutex_unlock(&trampoline_lock);
	if (err) {
		pr_err("hvm: %s: core %u did not come up (core state %u)\n", part->name, core, control->state);
		park_core(part, core);
	}
	return err;
}

static int take_cpus(struct hvm_part *part)
{
	u64 start = rdtsc_ordered();
	int err;

	for (unsigned int i = 0; i < part->core_count; i++) {
		err = hvm_cpu_take(part->first_cpu + i);
		if (err)
			goto give_back;
		part->apic_id[i] = hvm_cpu_apic_id(part->first_cpu + i);
	}
	part->offline_ns = hvm_ns_since(start);
	return 0;
give_back:
	for (unsigned int i = 0; i < part->core_count; i++)
		hvm_cpu_return(part->first_cpu + i);
	return err;
}

static void end_jobs(struct hvm_part *part)
{
	struct hvm_job *job;

	list_for_each_entry(job, &part->jobs, list) hvm_job_end(job, true);
}

static int boot_cores(struct hvm_part *part)
{
	u64 first_init = 0;
	int err;

	for (unsigned int i = 0; i < part->core_count; i++) {
		u64 init;

		err = start_core(part, i, &init);
		if (err)
			return err;
		if (i == 0) {
			first_init = init;
			part->first_instruction_ns =
			    mul_u64_u32_div(READ_ONCE(part->cores[0].entry_tsc) - init, 1000000, tsc_khz);
		}
	}
	part->ready_ns = hvm_ns_since(first_init);
	return 0;
}

static bool jobs_hold_cores(struct hvm_part *part)
{
	return hvm_part_cores_free(part) < part->core_count;
}

int hvm_boot(struct hvm_part *part, bool force)
{
	int err;

	mutex_lock(&part->lock);
	if (!part->image_size) {
		err = -ENODATA;
		goto out;
	}
	if (jobs_hold_cores(part) && !force) {
		err = -EBUSY;
		goto out;
	}
	end_jobs(part);
	err = take_cpus(part);
	if (err)
		goto out;
	hvm_part_set_state(part, HVM_LOADING);
	for (unsigned int i = 0; i < part->core_count; i++)
		park_core(part, i);
	if (!checked_image(part)) {
		pr_err("hvm: %s: the clean copy of the image was overwritten; load it again\n", part->name);
		part->image_size = 0;
		err = -ENODATA;
		goto failed;
	}
	restore_image(part);
	hvm_part_build_tables(part);
	hvm_modules_restore(part);
	part->head->generation++;
	part->head->panic_core = 0;
	hvm_part_set_state(part, HVM_BOOTING);
	err = boot_cores(part);
	if (err)
		goto failed;
	hvm_part_set_state(part, HVM_READY);
	goto out;
failed:
	for (unsigned int i = 0; i < part->core_count; i++)
		park_core(part, i);
	hvm_part_set_state(part, HVM_FAILED);
out:
	mutex_unlock(&part->lock);
	return err;
}

int hvm_down(struct hvm_part *part, bool force, bool give_back)
{
	int err = 0;

	mutex_lock(&part->lock);
	if (jobs_hold_cores(part) && !force) {
		err = -EBUSY;
		goto out;
	}
	end_jobs(part);
	if (part->head->state != HVM_DOWN)
		for (unsigned int i = 0; i < part->core_count; i++)
			park_core(part, i);
	hvm_part_set_state(part, HVM_DOWN);
	for (unsigned int i = 0; give_back && i < part->core_count; i++) {
		int e = hvm_cpu_return(part->first_cpu + i);

		err = err ?: e;
	}
out:
	mutex_unlock(&part->lock);
	return err;
}

/* Post a command and wait until the core took it. The caller owns the core. */
int hvm_core_command(struct hvm_part *part, unsigned int core, enum hvm_command_kind kind)
{
	struct hvm_core *control = &part->cores[core];
	u64 command = (u64)++part->command_sequence[core] << 32 | kind;

	hvm_store_release(&control->command, command);
	hvm_cpu_doorbell(part->apic_id[core]);
	if (hvm_poll_sleeping(hvm_load_acquire(&control->command_ack) == command, HVM_ACK_LIMIT_NS))
		return 0;
	pr_err("hvm: %s: core %u took no command within %llu ms (core state %u)\n", part->name, core,
	       (u64)HVM_ACK_LIMIT_NS / NSEC_PER_MSEC, READ_ONCE(control->state));
	return -ETIMEDOUT;
}

/* The cores of @cores that do not answer their doorbell within the limit. part->lock is held. */
static u64 silent_cores(struct hvm_part *part, u64 cores, u64 limit_ns, u64 *slowest_ns)
{
	u64 before[HVM_MAX_CORES], start = rdtsc_ordered(), silent = 0;

	for (unsigned int i = 0; i < part->core_count; i++) {
		before[i] = READ_ONCE(part->cores[i].heartbeat);
		if (READ_ONCE(part->cores[i].state) == HVM_CORE_OFF)
			cores &= ~BIT_ULL(i); /* stopped by force; its next job revives it */
		else if (cores & BIT_ULL(i))
			hvm_cpu_doorbell(part->apic_id[i]);
	}
	for (unsigned int i = 0; i < part->core_count; i++) {
		if (!(cores & BIT_ULL(i)))
			continue;
		if (hvm_poll_sleeping(READ_ONCE(part->cores[i].heartbeat) != before[i], limit_ns))
			*slowest_ns = max(*slowest_ns, hvm_ns_since(start));
		else
			silent |= BIT_ULL(i);
	}
	return silent;
}

int hvm_ping(struct hvm_part *part, struct hvm_ping *ping)
{
	u64 all = GENMASK_ULL(part->core_count - 1, 0);
	int err = 0;

	if (ping->flags & ~HVM_PING_TRY || ping->cores & ~all)
		return -EINVAL;
	ping->slowest_ns = 0;
	ping->silent = 0;
	mutex_lock(&part->lock);
	if (part->head->state != HVM_READY) {
		err = -ENODEV;
		goto out;
	}
	ping->silent = silent_cores(part, ping->cores ?: all, ping->timeout_ns, &ping->slowest_ns);
	if (!ping->silent)
		goto out;
	err = -ETIMEDOUT;
	if (ping->flags & HVM_PING_TRY)
		goto out;
	pr_err("hvm: %s: cores 0x%llx do not answer\n", part->name, ping->silent);
	hvm_part_set_state(part, HVM_HUNG);
out:
	mutex_unlock(&part->lock);
	return err;
}

/* A core that was asked for its last words by NMI has said them, and halted. */
static bool has_spoken(const struct hvm_core *control)
{
	return READ_ONCE(control->state) == HVM_CORE_PANIC;
}

int hvm_freeze(struct hvm_part *part)
{
	int err = 0;

	mutex_lock(&part->lock);
	if (part->head->state != HVM_HUNG && part->head->state != HVM_FAILED) {
		err = -EBUSY;
		goto out;
	}
	for (unsigned int i = 0; i < part->core_count; i++) {
		struct hvm_core *control = &part->cores[i];

		if (READ_ONCE(control->state) != HVM_CORE_RUNNING && READ_ONCE(control->state) != HVM_CORE_IDLE)
			continue;
		hvm_cpu_send_nmi(part->apic_id[i]);
		hvm_poll_sleeping(has_spoken(control), HVM_NMI_LIMIT_NS);
		cmpxchg(&part->head->panic_core, 1 + i, 0); /* it did as it was told: the partition stays what it is */
	}
out:
	mutex_unlock(&part->lock);
	return err;
}

/*
 * A core that does not answer its doorbell: ask it by NMI for a last word in the log (it halts after that), then INIT.
 * No sleeping: also called in the middle of a shootdown.
 */
void hvm_core_park_by_force(struct hvm_part *part, unsigned int core)
{
	struct hvm_core *control = &part->cores[core];

	pr_warn("hvm: %s: core %u does not leave its program; stopping it by force\n", part->name, core);
	hvm_cpu_send_nmi(part->apic_id[core]);
	hvm_poll(READ_ONCE(control->state) == HVM_CORE_PANIC, 20 * NSEC_PER_MSEC);
	park_core(part, core);
	cmpxchg(&part->head->panic_core, 1 + core, 0);
}

int hvm_core_revive(struct hvm_part *part, unsigned int core)
{
	u64 init;

	return start_core(part, core, &init);
}

/* A core is asked to leave a space or its group; all cores are asked before the first is waited for. */
void hvm_core_stop_ask(struct hvm_part *part, unsigned int core, u64 what)
{
	struct hvm_core *control = &part->cores[core];

	WRITE_ONCE(control->stop, what);
	hvm_store_release(&control->stop_ticket, control->stop_ticket + 1);
	if (READ_ONCE(control->state) != HVM_CORE_OFF)
		hvm_cpu_doorbell(part->apic_id[core]);
}

static bool core_left(const struct hvm_core *control)
{
	return hvm_load_acquire(&control->stop_ack) == control->stop_ticket ||
	       READ_ONCE(control->state) == HVM_CORE_PANIC;
}

void hvm_core_stop_await(struct hvm_part *part, unsigned int core)
{
	struct hvm_core *control = &part->cores[core];

	if (READ_ONCE(control->state) != HVM_CORE_OFF && !hvm_poll_sleeping(core_left(control), HVM_STOP_LIMIT_NS))
		hvm_core_park_by_force(part, core);
}

/* Only when every core of the group has left: until then one could hand a thread of the space to another. */
void hvm_core_stop_over(struct hvm_part *part, unsigned int core)
{
	WRITE_ONCE(part->cores[core].stop, 0);
}

/* Deferred: a core panicked (wake.c saw it). The whole image is suspect; jobs end, a reboot mends it. */
void hvm_part_failure(struct work_struct *work)
{
	struct hvm_part *part = container_of(work, struct hvm_part, failure);

	mutex_lock(&part->lock);
	if (READ_ONCE(part->head->panic_core) && part->head->state != HVM_DOWN) {
		pr_err("hvm: %s: core %llu panicked; its log says why\n", part->name, part->head->panic_core - 1);
		hvm_part_set_state(part, HVM_FAILED);
		end_jobs(part);
	}
	mutex_unlock(&part->lock);
}
