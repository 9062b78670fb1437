// SPDX-License-Identifier: GPL-2.0-only
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/slab.h>
#include <asm/apic.h>
#include <asm/processor.h>
#include <asm/tsc.h>

#include "hvm.h"

/* x86 page-table entry bits (SDM Vol. 3, 4.5). */
#define ENTRY_PRESENT	    BIT_ULL(0)
#define ENTRY_WRITE	    BIT_ULL(1)
#define ENTRY_WRITE_THROUGH BIT_ULL(3)
#define ENTRY_NO_CACHE	    BIT_ULL(4)
#define ENTRY_LARGE	    BIT_ULL(7)
#define ENTRY_GLOBAL	    BIT_ULL(8)
#define ENTRY_NX	    BIT_ULL(63)
#define ENTRY_TABLE	    (ENTRY_PRESENT | ENTRY_WRITE)

#define TOP_ENTRIES	 512
#define INDEX(va, level) (((va) >> (12 + 9 * ((level)-1))) & 511)

/* Pages of the region HVM_OFFSET_TABLES, handed out in order while tables are built. */
struct builder {
	struct hvm_part *part;
	unsigned int used;
};

static u64 *table_at(struct hvm_part *part, u64 phys)
{
	return (u64 *)(part->memory + (phys - part->base));
}

static u64 table_new(struct builder *b)
{
	u64 offset = HVM_OFFSET_TABLES + b->used++ * HVM_PAGE_SIZE;

	memset(b->part->memory + offset, 0, HVM_PAGE_SIZE);
	return b->part->base + offset;
}

/* The entry for @va at @level (1 = page table), making the tables above it; NULL if the region is used up. */
static u64 *entry_for(struct builder *b, u64 top, unsigned int levels, u64 va, unsigned int level)
{
	u64 table = top;

	for (unsigned int l = levels; l > level; l--) {
		u64 *entry = table_at(b->part, table) + INDEX(va, l);

		if (!*entry) {
			if (b->used == HVM_TABLE_PAGES)
				return NULL;
			*entry = table_new(b) | ENTRY_TABLE;
		}
		table = *entry & PHYSICAL_PAGE_MASK;
	}
	return table_at(b->part, table) + INDEX(va, level);
}

static bool map_memory(struct builder *b, u64 top, unsigned int levels)
{
	struct hvm_part *part = b->part;
	bool gigabytes = boot_cpu_has(X86_FEATURE_GBPAGES);

	for (u64 offset = 0; offset < part->size;) {
		u64 phys = part->base + offset;
		bool large = gigabytes && IS_ALIGNED(phys, SZ_1G) && part->size - offset >= SZ_1G;
		u64 *entry = entry_for(b, top, levels, HVM_DIRECT_VA + phys, large ? 3 : 2);

		if (!entry)
			return false;
		*entry = phys | ENTRY_TABLE | ENTRY_LARGE | ENTRY_GLOBAL | ENTRY_NX;
		offset += large ? SZ_1G : SZ_2M;
	}
	return true;
}

/* The tables described in hvm/partition.h. Fits by the check in parse(): no error can happen here. */
void hvm_part_build_tables(struct hvm_part *part)
{
	struct builder b = {.part = part};
	unsigned int levels = part->head->flags & HVM_FLAG_LA57 ? 5 : 4;
	u64 top = table_new(&b);
	u64 *entry;

	part->idle_top = top;
	part->head->idle_top = top;
	if (!map_memory(&b, top, levels))
		goto full;
	entry = entry_for(&b, top, levels, HVM_DIRECT_VA + part->head->apic_phys, 1);
	if (!entry)
		goto full;
	*entry = part->head->apic_phys | ENTRY_TABLE | ENTRY_NO_CACHE | ENTRY_WRITE_THROUGH | ENTRY_NX;
	entry = entry_for(&b, top, levels, HVM_IMAGE_VA, 2);
	if (!entry)
		goto full;
	*entry = (part->base + HVM_OFFSET_IMAGE) | ENTRY_TABLE | ENTRY_LARGE | ENTRY_GLOBAL;
	part->module_entries = entry_for(&b, top, levels, HVM_MODULE_VA, 2);
	if (!part->module_entries)
		goto full;
	return;
full:
	pr_err("hvm: %s: %u pages of tables do not map %llu MiB\n", part->name, HVM_TABLE_PAGES, part->size >> 20);
}

/* 2 MiB at HVM_MODULE_VA and @entry times as much: partition memory from @offset on; 0: nothing. */
void hvm_part_map_chunk(struct hvm_part *part, unsigned int entry, u64 offset)
{
	WRITE_ONCE(part->module_entries[entry], offset ? (part->base + offset) | ENTRY_TABLE | ENTRY_LARGE : 0);
}

/*
 * Page-directory pages needed: one for each GiB touched that is not mapped by a 1 GiB page; worst case all. Besides
 * them: top, two or three levels for each of direct map and image, the modules' directory, and the APIC's directory and
 * table.
 */
static bool tables_suffice(u64 base, u64 size)
{
	u64 gigabytes = DIV_ROUND_UP(base + size, SZ_1G) - base / SZ_1G;

	if (boot_cpu_has(X86_FEATURE_GBPAGES))
		gigabytes = min_t(u64, gigabytes, 2);
	return gigabytes + 13 <= HVM_TABLE_PAGES;
}

/* What may follow the size: words, each behind a colon. */
static bool parse_words(struct hvm_part *part, char *words)
{
	char *word;

	while ((word = strsep(&words, ":"))) {
		if (!strcmp(word, "shared"))
			part->shared = true;
		else if (!strcmp(word, "user"))
			part->user = true;
		else
			return false;
	}
	return true;
}

/* NAME:FIRST-LAST:BASE:SIZE */
static int parse(struct hvm_part *part, const char *description)
{
	unsigned long long base, size;
	unsigned int first, last;
	char *copy, *next, *name, *cpus, *at, *rest;
	int err = -EINVAL;

	copy = kstrdup(description, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	next = copy;
	name = strsep(&next, ":");
	cpus = strsep(&next, ":");
	at = strsep(&next, ":");
	if (!at || !next)
		goto malformed;
	if (!*name || strlen(name) >= HVM_NAME_MAX)
		goto malformed;
	if (sscanf(cpus, "%u-%u", &first, &last) != 2 || last < first || last - first >= HVM_MAX_CORES)
		goto malformed;
	base = memparse(at, &rest);
	if (*rest)
		goto malformed;
	size = memparse(next, &rest);
	if (*rest && (*rest != ':' || !parse_words(part, rest + 1)))
		goto malformed;
	if (!IS_ALIGNED(base, HVM_MEMORY_ALIGN) || !IS_ALIGNED(size, HVM_MEMORY_ALIGN) || size < HVM_MEMORY_MIN ||
	    size > HVM_MEMORY_MAX || !tables_suffice(base, size)) {
		pr_err("hvm: partition \"%s\": base and size must be multiples of 2 MiB, the size at least 16 MiB\n",
		       description);
		goto out;
	}
	strscpy(part->name, name, sizeof(part->name));
	part->first_cpu = first;
	part->core_count = last - first + 1;
	part->base = base;
	part->size = size;
	err = 0;
	goto out;
malformed:
	pr_err("hvm: partition \"%s\" is not NAME:FIRSTCPU-LASTCPU:BASE:SIZE[:shared][:user], e.g. "
	       "hrt:1-3:0x10000000:64M\n",
	       description);
out:
	kfree(copy);
	return err;
}

static u64 apic_base(void)
{
	u64 base;

	rdmsrl(MSR_IA32_APICBASE, base);
	return base & PHYSICAL_PAGE_MASK;
}

/* Line 0 of the header: what the aerokernel must know of this machine. */
static void describe(struct hvm_part *part)
{
	struct hvm_partition *head = part->head;

	memset(part->memory, 0, HVM_OFFSET_TABLES);
	head->magic = HVM_PARTITION_MAGIC;
	head->revision = HVM_ABI_REVISION;
	head->phys_base = part->base;
	head->size = part->size;
	head->core_count = part->core_count;
	head->tsc_khz = tsc_khz;
	/* Spin about as long as a wake-up through a hypervisor costs. */
	head->spin_cycles = (u64)tsc_khz * 40 / 1000;
	head->apic_phys = apic_base();
	rdmsrl(MSR_IA32_CR_PAT, head->pat);
	if (x2apic_enabled())
		head->flags |= HVM_FLAG_X2APIC;
	if (__read_cr4() & X86_CR4_LA57)
		head->flags |= HVM_FLAG_LA57;
	/* TCG ends a translation block at PAUSE, which makes a spinning loop several times slower. */
	head->flags |= hvm_cpu_is_interpreted() ? HVM_FLAG_INTERPRETED : HVM_FLAG_PAUSE;
	if (part->shared)
		head->flags |= HVM_FLAG_SHARED;
	if (part->user)
		head->flags |= HVM_FLAG_USER;
	hvm_wake_describe(head);
}

struct hvm_part *hvm_part_create(const char *description, unsigned int number)
{
	struct hvm_part *part = kzalloc(sizeof(*part), GFP_KERNEL);
	int err = -ENOMEM;

	if (!part)
		return ERR_PTR(-ENOMEM);
	part->number = number;
	mutex_init(&part->lock);
	spin_lock_init(&part->owner_lock);
	INIT_LIST_HEAD(&part->jobs);
	INIT_LIST_HEAD(&part->modules);
	INIT_WORK(&part->failure, hvm_part_failure);
	err = parse(part, description);
	if (err)
		goto free;
	for (unsigned int i = 0; i < number; i++)
		if (!strcmp(hvm_parts[i]->name, part->name)) {
			pr_err("hvm: two partitions are called %s\n", part->name);
			err = -EEXIST;
			goto free;
		}
	if (region_intersects(part->base, part->size, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) != REGION_DISJOINT) {
		pr_err("hvm: %s: Linux uses memory of 0x%llx..0x%llx; boot it with memmap=%lluM$0x%llx\n", part->name,
		       (u64)part->base, part->base + part->size, part->size >> 20, (u64)part->base);
		err = -EBUSY;
		goto free;
	}
	part->memory = memremap(part->base, part->size, MEMREMAP_WB);
	if (!part->memory) {
		err = -ENOMEM;
		goto free;
	}
	part->head = (struct hvm_partition *)part->memory;
	part->cores = (struct hvm_core *)(part->memory + HVM_OFFSET_CORES);
	part->slots = (struct hvm_slot *)(part->memory + HVM_OFFSET_SLOTS);
	part->counts = (struct hvm_counts *)(part->memory + HVM_OFFSET_COUNTS);
	part->pending = (u64 *)(part->memory + HVM_OFFSET_PENDING);
	part->log = (struct hvm_log *)(part->memory + HVM_OFFSET_LOG);
	describe(part);
	hvm_memory_init(part);
	hvm_part_build_tables(part);
	err = hvm_sysfs_add(part);
	if (err) {
		memunmap(part->memory);
		goto free;
	}
	pr_info("hvm: %s: CPUs %u-%u, %llu MiB at 0x%llx, programs in ring %u\n", part->name, part->first_cpu,
		part->first_cpu + part->core_count - 1, part->size >> 20, (u64)part->base, part->user ? 3 : 0);
	return part;
free:
	kfree(part);
	return ERR_PTR(err);
}

void hvm_part_destroy(struct hvm_part *part)
{
	hvm_down(part, true, true);
	cancel_work_sync(&part->failure);
	hvm_sysfs_remove(part);
	hvm_modules_free(part);
	memunmap(part->memory);
	kfree(part);
}

struct hvm_part *hvm_part_find(const char *name)
{
	for (unsigned int i = 0; i < hvm_part_count; i++)
		if (!*name || !strncmp(hvm_parts[i]->name, name, HVM_NAME_MAX))
			return hvm_parts[i];
	return NULL;
}

unsigned int hvm_part_cores_free(struct hvm_part *part)
{
	unsigned int n = 0;
	unsigned long flags;

	spin_lock_irqsave(&part->owner_lock, flags);
	for (unsigned int i = 0; i < part->core_count; i++)
		n += !part->core_owner[i];
	spin_unlock_irqrestore(&part->owner_lock, flags);
	return n;
}

u32 hvm_part_state(struct hvm_part *part)
{
	u32 state = READ_ONCE(part->head->state);

	if (state == HVM_READY && hvm_part_cores_free(part) < part->core_count)
		return HVM_RUNNING;
	return state;
}

void hvm_part_set_state(struct hvm_part *part, enum hvm_partition_state state)
{
	WRITE_ONCE(part->head->state, state);
	sysfs_notify(&part->kobject, NULL, "state");
}

u32 hvm_part_privilege(const struct hvm_part *part)
{
	return part->user ? HVM_PRIVILEGE_USER : HVM_PRIVILEGE_KERNEL;
}
