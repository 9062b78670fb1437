/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hvm.ko: the Linux partition's hand on the HRT partitions.
 *
 * One noun per file:
 *	partition.c	memory of a partition and the page tables that all its address spaces share
 *	cpu.c		vCPUs: out of Linux and back, INIT, SIPI, doorbell
 *	boot.c		images, boot, reboot, park, revival of a core stopped by force
 *	space.c		merged address spaces: top-level tables, shootdowns, page faults
 *	memory.c	partition memory that nobody else needs: chunks of it, mapped by jobs' processes
 *	hrtmodule.c	HRT modules: functions for all programs of a partition
 *	window.c	the memory that host and guest share
 *	group.c		core groups: the cores of a job and of its child processes
 *	job.c		jobs and their threads
 *	wake.c		the interrupt from HRT to Linux
 *	device.c	/dev/hvm
 *	describe.c	what an administrator's dump holds: cores, their last words, threads
 *	sysfs.c		/sys/class/misc/hvm/NAME
 *
 * Locks, outer to inner: part->lock (mutex), group->lock (mutex), the trampoline's mutex in boot.c; then the spinlocks
 * part->owner_lock (interrupts off) and job->top_lock.
 */
#ifndef HVM_MODULE_H
#define HVM_MODULE_H

#include <linux/bitmap.h>
#include <linux/fs.h>
#include <linux/kobject.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <hvm/device.h>
#include <hvm/image.h>
#include <hvm/log.h>
#include <hvm/partition.h>

#define HVM_MAX_PARTITIONS 8
#define HVM_MODULE_CHUNKS  (HVM_MODULE_SPAN / HVM_MEMORY_ALIGN)

#define HVM_SLOTS_PER_PAGE (HVM_PAGE_SIZE / HVM_SLOT_SIZE)
#define HVM_SLOT_PAGES	   (HVM_MAX_SLOTS / HVM_SLOTS_PER_PAGE)

/*
 * Limits for a core to answer. Generous: the host may have descheduled the vCPU; more so where an interpreter runs it,
 * which shares the host's processors as any program (hvm_patience, cpu.c).
 */
#define HVM_BOOT_LIMIT_NS  (2 * NSEC_PER_SEC * hvm_patience)
#define HVM_ACK_LIMIT_NS   (1 * NSEC_PER_SEC * hvm_patience)
#define HVM_STOP_LIMIT_NS  (500 * NSEC_PER_MSEC * hvm_patience)
#define HVM_NMI_LIMIT_NS   (100 * NSEC_PER_MSEC * hvm_patience)
#define HVM_FLUSH_LIMIT_NS (2 * NSEC_PER_SEC * hvm_patience)

struct hvm_group;
struct hvm_job;

struct hvm_part {
	char name[HVM_NAME_MAX];
	unsigned int number;
	phys_addr_t base;
	u64 size;
	unsigned int first_cpu;
	unsigned int core_count;
	bool shared; /* its vCPUs share processors of the host */
	bool user;   /* its programs run in ring 3: what they can write to, slots included, is not to be believed */

	/* Partition memory, mapped write-back. */
	u8 *memory;
	struct hvm_partition *head;
	struct hvm_core *cores;
	struct hvm_slot *slots;
	struct hvm_counts *counts; /* one for each slot */
	u64 *pending;
	struct hvm_log *log;
	u64 idle_top;	     /* physical address of the table with an empty lower half */
	u64 *module_entries; /* page directory of HVM_MODULE_VA: 2 MiB pages */

	struct hvm_activity past; /* what jobs that are gone have done, under lock; no cores */

	struct mutex lock; /* image, boot, who has what; the list of jobs */
	struct list_head jobs;
	struct list_head modules;
	DECLARE_BITMAP(module_map, HVM_MODULE_CHUNKS);	/* entries of module_entries in use */
	size_t image_size;				/* bytes of the clean copy, 0 = none */
	u64 offline_ns, first_instruction_ns, ready_ns; /* of the last boot */
	u32 apic_id[HVM_MAX_CORES];
	u32 command_sequence[HVM_MAX_CORES];
	u64 group_sequence;
	struct hvm_group *pool;
	DECLARE_BITMAP(spaces, HVM_MAX_SPACES);

	spinlock_t owner_lock;
	struct hvm_group *core_owner[HVM_MAX_CORES];
	struct hvm_job *slot_owner[HVM_SLOT_PAGES];

	spinlock_t chunk_lock;
	DECLARE_BITMAP(chunk_map, HVM_MEMORY_MAX / HVM_MEMORY_ALIGN); /* 2 MiB chunks that somebody has ... */
	unsigned long first_chunk, chunk_count, chunks_used;	      /* ... of those behind the kernel's own memory */

	struct work_struct failure; /* a core panicked or was lost in a shootdown */
	struct kobject kobject;
};

extern struct hvm_part *hvm_parts[HVM_MAX_PARTITIONS];
extern unsigned int hvm_part_count;
extern struct miscdevice hvm_device;

/* What a slot of a job is used for. */
struct hvm_job_slot {
	wait_queue_head_t wait;
	int core;		   /* index in the job of the core on which a thread was started behind it, -1 = none */
	struct eventfd_ctx *event; /* raised with the slot's events, under part->owner_lock */
};

/* Cores, and the jobs that take turns on them: a process and its children, each in an address space of its own. */
struct hvm_group {
	struct hvm_part *part;
	struct mutex lock;
	struct list_head jobs; /* until they are destroyed */
	struct hvm_job *owner; /* its end ends them all */
	u64 number;	       /* in the partition, never 0 */
	unsigned int core_count;
	unsigned int core[HVM_MAX_CORES]; /* index in the partition */
	bool core_busy[HVM_MAX_CORES];	  /* runs threads of the group */
	bool joined;			  /* all cores run threads of all jobs, wherever the aerokernel puts them */
	bool over;			  /* the cores are given back */
	bool pool;			  /* of processes that have nothing to do with each other (HVM_JOB_POOL) */
	struct hvm_activity past;	  /* of its processes that are gone, under part->lock; no cores */
};

struct hvm_job {
	struct hvm_part *part;
	struct list_head list; /* part->jobs, under part->lock */
	struct mm_struct *mm;
	struct mmu_notifier notifier;
	struct pid *pid;

	struct hvm_group *group;
	struct list_head member; /* group->jobs, under group->lock */
	bool ended;		 /* no thread runs nor can start */
	bool keep;		 /* another job will take its place in the group */
	bool joined;		 /* its threads are on any core of the group */
	bool workers;		 /* these are workers, each on a core of its own */

	unsigned int slot_count;
	unsigned int first_page; /* of the slots */
	unsigned int page_count;
	struct hvm_job_slot *slot;

	spinlock_t top_lock;
	unsigned int space; /* number of the top-level table */
	u64 *top;	    /* the table ... */
	u64 top_phys;	    /* ... and its physical address: the value in the HRT cores' CR3 */
	atomic64_t shootdowns, shootdown_ns;
};

/* partition.c */
struct hvm_part *hvm_part_create(const char *description, unsigned int number);
void hvm_part_destroy(struct hvm_part *part);
struct hvm_part *hvm_part_find(const char *name);
void hvm_part_build_tables(struct hvm_part *part);
void hvm_part_map_chunk(struct hvm_part *part, unsigned int entry, u64 offset);
u32 hvm_part_state(struct hvm_part *part);
void hvm_part_set_state(struct hvm_part *part, enum hvm_partition_state state);
u32 hvm_part_privilege(const struct hvm_part *part);
unsigned int hvm_part_cores_free(struct hvm_part *part);

/* cpu.c */
extern unsigned int hvm_patience;
bool hvm_cpu_is_interpreted(void);
int hvm_cpu_init(void);
void hvm_cpu_exit(void);
int hvm_cpu_take(unsigned int cpu);
int hvm_cpu_return(unsigned int cpu);
u32 hvm_cpu_apic_id(unsigned int cpu);
void hvm_cpu_send_init(u32 apic_id);
void hvm_cpu_send_startup(u32 apic_id, phys_addr_t page);
void hvm_cpu_send_nmi(u32 apic_id);
void hvm_cpu_doorbell(u32 apic_id);
u64 hvm_ns_since(u64 tsc);

/* Wait, without sleeping, until @condition; false after @limit_ns. */
#define hvm_poll(condition, limit_ns)                                                                                  \
	({                                                                                                             \
		u64 hvm_poll_start = rdtsc_ordered();                                                                  \
		bool hvm_poll_met;                                                                                     \
		while (!(hvm_poll_met = (condition)) && hvm_ns_since(hvm_poll_start) < (limit_ns))                     \
			cpu_relax();                                                                                   \
		hvm_poll_met;                                                                                          \
	})

/* The same in process context, giving way to others after a while. */
#define hvm_poll_sleeping(condition, limit_ns)                                                                         \
	({                                                                                                             \
		u64 hvm_poll_start = rdtsc_ordered();                                                                  \
		bool hvm_poll_met;                                                                                     \
		while (!(hvm_poll_met = (condition)) && hvm_ns_since(hvm_poll_start) < (limit_ns)) {                   \
			if (hvm_ns_since(hvm_poll_start) < NSEC_PER_MSEC)                                              \
				cpu_relax();                                                                           \
			else                                                                                           \
				usleep_range(50, 200);                                                                 \
		}                                                                                                      \
		hvm_poll_met;                                                                                          \
	})

/* boot.c */
int hvm_boot_init(void);
void hvm_boot_exit(void);
int hvm_image_load(struct hvm_part *part, const void __user *image, u64 size);
int hvm_boot(struct hvm_part *part, bool force);
int hvm_down(struct hvm_part *part, bool force, bool give_back);
int hvm_ping(struct hvm_part *part, struct hvm_ping *ping);
int hvm_freeze(struct hvm_part *part);
int hvm_core_command(struct hvm_part *part, unsigned int core, enum hvm_command_kind kind);
void hvm_core_stop_ask(struct hvm_part *part, unsigned int core, u64 what);
void hvm_core_stop_await(struct hvm_part *part, unsigned int core);
void hvm_core_stop_over(struct hvm_part *part, unsigned int core);
void hvm_core_park_by_force(struct hvm_part *part, unsigned int core);
int hvm_core_revive(struct hvm_part *part, unsigned int core);
void hvm_part_failure(struct work_struct *work);

/* space.c */
int hvm_space_create(struct hvm_job *job);
void hvm_space_destroy(struct hvm_job *job);
int hvm_space_fault(struct hvm_job *job, u64 address, u64 error);

/* memory.c */
void hvm_memory_init(struct hvm_part *part);
u64 hvm_chunk_offset(const struct hvm_part *part, u32 chunk);
int hvm_chunks_take(struct hvm_part *part, u32 *chunk, unsigned long count);
void hvm_chunks_give(struct hvm_part *part, const u32 *chunk, unsigned long count);
unsigned long hvm_chunks_free(struct hvm_part *part);
int hvm_memory_mmap(struct hvm_job *job, struct vm_area_struct *vma);

/* hrtmodule.c */
int hvm_module_load(struct hvm_part *part, struct hvm_module_load *load);
int hvm_module_unload(struct hvm_part *part, const char *name);
int hvm_module_find(struct hvm_part *part, struct hvm_module_find *find);
int hvm_module_info(struct hvm_part *part, struct hvm_module_info *info);
void hvm_modules_restore(struct hvm_part *part);
void hvm_modules_free(struct hvm_part *part);

/* window.c */
void hvm_window_init(void);
void hvm_window_exit(void);
void hvm_window_describe(struct hvm_window_info *info);
int hvm_window_mmap(struct vm_area_struct *vma);

/* group.c; part->lock or group->lock is held as each says */
struct hvm_group *hvm_group_create(struct hvm_part *part, unsigned int cores);
void hvm_group_free(struct hvm_group *group);
void hvm_group_add(struct hvm_group *group, struct hvm_job *job, struct hvm_job *other);
void hvm_group_remove(struct hvm_group *group, struct hvm_job *job);
void hvm_group_release_cores(struct hvm_group *group);
void hvm_group_stop_core(struct hvm_group *group, unsigned int core);
void hvm_group_stop_job(struct hvm_group *group, struct hvm_job *job);

/* job.c */
struct hvm_job *hvm_job_create(struct hvm_job_create *request, struct hvm_job *other);
void hvm_job_end(struct hvm_job *job, bool for_good);
int hvm_job_keep(struct hvm_job *job, bool keep);
void hvm_job_destroy(struct hvm_job *job);
int hvm_job_thread_start(struct hvm_job *job, const struct hvm_thread_start *start, struct hvm_job *copied);
int hvm_job_thread_stop(struct hvm_job *job, u32 slot);
int hvm_job_wait(struct hvm_job *job, u32 slot, u64 timeout_ns);
int hvm_job_kick(struct hvm_job *job, u32 slot);
int hvm_job_signal(struct hvm_job *job, u32 slot);
int hvm_job_event_wait(struct hvm_job *job, const struct hvm_event_wait *wait);
int hvm_job_event_fd(struct hvm_job *job, const struct hvm_event_fd *event);
/* activity.c */
/** Add what a job's threads have done so far. Its slots must be claimed. part->lock is held. */
void hvm_activity_add(struct hvm_activity *sum, const struct hvm_job *job);
/** What a partition has done since the module was loaded, and what its cores do. */
void hvm_activity_read(struct hvm_part *part, struct hvm_activity *activity);
bool hvm_activity_of_group(struct hvm_part *part, pid_t pid, struct hvm_activity *activity);

void hvm_job_stats(struct hvm_job *job, struct hvm_job_stats *stats);
int hvm_job_mmap(struct hvm_job *job, struct vm_area_struct *vma);
void hvm_job_wake_slot(struct hvm_part *part, unsigned int slot);

/* wake.c */
int hvm_wake_init(void);
void hvm_wake_exit(void);
void hvm_wake_describe(struct hvm_partition *head);

/* describe.c */
int hvm_describe_core(struct hvm_part *part, struct hvm_core_info *info);
int hvm_describe_slot(struct hvm_part *part, struct hvm_slot_info *info);

/* sysfs.c */
int hvm_sysfs_add(struct hvm_part *part);
void hvm_sysfs_remove(struct hvm_part *part);
extern struct kobj_type hvm_part_type;

static inline struct hvm_slot *hvm_job_slot_memory(struct hvm_job *job, u32 slot)
{
	return job->part->slots + job->first_page * HVM_SLOTS_PER_PAGE + slot;
}

#endif
