/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only WITH Linux-syscall-note */
/*
 * /dev/hvm: what hvm.ko offers to processes of the Linux partition.
 *
 * One open file is either bare (administration, information) or, after HVM_IOC_JOB_CREATE, a job: a number of HRT
 * cores merged with the address space of the process that created it. Closing the last descriptor of a job, or the end
 * of that address space, ends the job: its threads leave their cores before the call returns, and the cores are free.
 *
 * Child processes share the cores of the process that they come from: the jobs of one core group, each with an address
 * space of its own, take turns on the same cores. The first of them owns the group: its end ends them all.
 *
 * All calls are thread-safe. Errors are negative errno values; what each call may answer is listed with it; besides
 * these, EFAULT for a bad pointer and ENOTTY for an unknown request.
 */
#ifndef HVM_DEVICE_H
#define HVM_DEVICE_H

#include <hvm/partition.h>
#include <hvm/types.h>

#ifdef __KERNEL__
#include <linux/ioctl.h>
#else
#include <sys/ioctl.h>
#endif

#define HVM_DEVICE_PATH "/dev/hvm"
#define HVM_NAME_MAX	32u /* bytes of a partition's name, terminating zero included */

#define HVM_IOC_MAGIC 0xb7

/**
 * HVM_IOC_REVISION: *arg = HVM_ABI_REVISION of the module. Any process.
 */
#define HVM_IOC_REVISION _IOR(HVM_IOC_MAGIC, 0x00, uint32_t)

/**
 * Where the programs of a partition run. In ring 3 neither the gate (hvm/gate.h) nor what needs ring 0 is there:
 * workers, pools and HRT modules are refused with EOPNOTSUPP.
 */
enum hvm_privilege {
	HVM_PRIVILEGE_KERNEL = 0, /* in ring 0, as the aerokernel */
	HVM_PRIVILEGE_USER = 1,	  /* in ring 3 */
};

/**
 * HVM_IOC_INFO: describe partition number @index.
 * ENOENT: no such index (they are dense, from 0).
 */
struct hvm_info {
	uint32_t index; /* in */
	uint32_t state; /* enum hvm_partition_state */
	char name[HVM_NAME_MAX];
	uint32_t core_count;
	uint32_t cores_free; /* cores that no job holds */
	uint64_t memory_base;
	uint64_t memory_size;
	uint32_t generation; /* boots so far */
	uint32_t first_cpu;  /* Linux CPU number of core 0; the others follow */
	uint64_t image_size; /* 0 = no image loaded yet */
	/* the last boot, nanoseconds from the first INIT */
	uint64_t boot_first_instruction_ns; /* of core 0 */
	uint64_t boot_ready_ns;		    /* until every core idled */
	uint64_t offline_ns;		    /* before it: taking the vCPUs out of Linux, 0 if they were never online */
	uint32_t jobs;			    /* live jobs */
	uint32_t parked_cores;		    /* cores that were stopped by force and wait for their restart */
	uint64_t heartbeat;		    /* sum over the cores */
	uint64_t interrupts;		    /* taken by all cores since boot */
	uint64_t program_memory;	    /* bytes for programs (HVM_MAP_MEMORY) and HRT modules ... */
	uint64_t program_memory_used;	    /* ... and those that they have */
	uint32_t privilege;		    /* enum hvm_privilege */
	uint32_t reserved0;
	uint64_t reserved;
};
HVM_ASSERT_SIZE(struct hvm_info, 160);
#define HVM_IOC_INFO _IOWR(HVM_IOC_MAGIC, 0x01, struct hvm_info)

/**
 * HVM_IOC_LOAD: give partition @name its aerokernel image (a flat binary). Copied; used from the next boot on.
 * EPERM: without CAP_SYS_ADMIN. ENOENT: no such partition. E2BIG: larger than HVM_IMAGE_MAX. EINVAL: empty or not an
 * aerokernel of this ABI revision. EBUSY: jobs hold its cores.
 */
struct hvm_load {
	char name[HVM_NAME_MAX];
	uint64_t image; /* user address */
	uint64_t size;
};
#define HVM_IOC_LOAD _IOW(HVM_IOC_MAGIC, 0x02, struct hvm_load)

/**
 * HVM_IOC_BOOT: boot partition @name: park every core (INIT), restore the image from its clean copy, start the cores,
 * wait until all idle. With HVM_BOOT_FORCE its jobs are ended first, otherwise they make it EBUSY.
 * EPERM, ENOENT as above; ENODATA: no image loaded; ETIMEDOUT: a core did not come up (the state is FAILED, the log
 * says more).
 */
#define HVM_BOOT_FORCE 0x1u
/**
 * HVM_IOC_DOWN: park every core; with HVM_DOWN_RETURN also give the vCPUs back to Linux.
 */
#define HVM_DOWN_RETURN 0x2u
struct hvm_partition_request {
	char name[HVM_NAME_MAX];
	uint32_t flags;
	uint32_t reserved;
};
#define HVM_IOC_BOOT _IOW(HVM_IOC_MAGIC, 0x03, struct hvm_partition_request)
#define HVM_IOC_DOWN _IOW(HVM_IOC_MAGIC, 0x04, struct hvm_partition_request)

/**
 * HVM_IOC_LOG: read the aerokernel's log of partition @name from @cursor on (0: the oldest text kept).
 * On return @size bytes are in @buffer, @cursor is where to go on, @lost counts bytes that were overwritten unread.
 */
struct hvm_log_read {
	char name[HVM_NAME_MAX];
	uint64_t cursor; /* in, out */
	uint64_t buffer; /* user address */
	uint64_t size;	 /* in: room; out: bytes read */
	uint64_t lost;	 /* out */
};
#define HVM_IOC_LOG _IOWR(HVM_IOC_MAGIC, 0x05, struct hvm_log_read)

/**
 * HVM_IOC_PING: cores of partition @name must answer a doorbell within @timeout_ns (at most one second). It costs each
 * of them one interrupt. Cores that were stopped by force are not asked. EPERM: without CAP_SYS_ADMIN. EINVAL: a flag
 * or core that there is not. ETIMEDOUT: one did not; the partition is HUNG, but with HVM_PING_TRY. ENODEV: not booted.
 */
#define HVM_PING_TRY 0x1u /* who does not answer now may be asked again */
struct hvm_ping {
	char name[HVM_NAME_MAX];
	uint64_t timeout_ns; /* in: 0 = 100 ms */
	uint64_t slowest_ns; /* out */
	uint64_t cores;	     /* in: a bit for each core to ask; 0 = all */
	uint64_t silent;     /* out: a bit for each that did not answer */
	uint32_t flags;
	uint32_t reserved;
};
HVM_ASSERT_SIZE(struct hvm_ping, 72);
#define HVM_IOC_PING _IOWR(HVM_IOC_MAGIC, 0x06, struct hvm_ping)

/**
 * HVM_IOC_FREEZE: make every core of the HUNG or FAILED partition @name that still runs say its last words, by NMI, and
 * halt. Returns when each did or had its time; the state of those that took no NMI is not HVM_CORE_PANIC. Only a reboot
 * brings the cores back. EPERM, ENOENT as above. EBUSY: the partition is in another state.
 */
#define HVM_IOC_FREEZE _IOW(HVM_IOC_MAGIC, 0x07, struct hvm_partition_request)

/**
 * HVM_IOC_CORE: describe core @core of partition @name, with its last words if it said any since the last boot.
 * EPERM: without CAP_SYS_ADMIN. ENOENT: no such partition. ENODATA: no such core.
 */
struct hvm_core_info {
	char name[HVM_NAME_MAX];
	uint32_t core;	/* in */
	uint32_t state; /* enum hvm_core_state */
	uint32_t apic_id;
	uint32_t cpu; /* Linux CPU number, which is QEMU's of the vCPU */
	uint64_t heartbeat;
	uint64_t interrupts;
	uint64_t command; /* posted last, and ... */
	uint64_t command_ack;
	uint32_t pid;	/* of the process whose space it had loaded, 0 = none */
	uint32_t spoke; /* 1 = last is of this boot */
	struct hvm_last_words last;
};
HVM_ASSERT_SIZE(struct hvm_core_info, 600);
#define HVM_IOC_CORE _IOWR(HVM_IOC_MAGIC, 0x08, struct hvm_core_info)

/**
 * HVM_IOC_SLOT: describe the first slot from number @slot on of partition @name behind which a thread was started.
 * EPERM: without CAP_SYS_ADMIN. ENOENT: no such partition. ENODATA: none is left.
 */
struct hvm_slot_info {
	char name[HVM_NAME_MAX];
	uint32_t slot; /* in, out */
	uint32_t core; /* of the partition, that the thread was on last */
	uint32_t pid;
	uint32_t tid;
	uint32_t nr;	  /* the request that was posted last ... */
	uint32_t waiting; /* ... and 1 if it is not answered */
	uint64_t arg[HVM_SLOT_ARGS];
	struct hvm_slot_stats stats;
};
HVM_ASSERT_SIZE(struct hvm_slot_info, 168);
#define HVM_IOC_SLOT _IOWR(HVM_IOC_MAGIC, 0x09, struct hvm_slot_info)

/**
 * HVM_IOC_ACTIVITY: what partition number @index has done since the module was loaded, and what its cores do now.
 * Counters are read where the cores keep them: none is interrupted. Any process. ENOENT: no such index. ENOMEM: out of
 * memory.
 */
struct hvm_core_activity {
	uint32_t state;	     /* enum hvm_core_state */
	uint32_t merged;     /* 1: an address space is loaded */
	uint64_t heartbeat;  /* since the partition's boot, as the next two */
	uint64_t interrupts; /* taken */
	uint64_t spurious;   /* of a vector that nobody asked for */
};
struct hvm_activity {
	uint32_t index; /* in */
	uint32_t core_count;
	char name[HVM_NAME_MAX];
	uint64_t jobs;		  /* processes that were merged */
	uint64_t calls_local;	  /* system calls answered by the aerokernel */
	uint64_t calls_forwarded; /* system calls that Linux answered */
	uint64_t page_faults;	  /* that Linux resolved */
	uint64_t wakes_sent;	  /* doorbells to Linux, because a server slept */
	uint64_t halts;		  /* times that a core halted while it waited for an answer */
	uint64_t interrupts;	  /* taken while a thread was on the core */
	uint64_t shootdowns;	  /* translation flushes among them */
	uint64_t preemptions;	  /* times the timer gave a core to another thread */
	struct hvm_core_activity core[HVM_MAX_CORES];
};
HVM_ASSERT_SIZE(struct hvm_core_activity, 32);
HVM_ASSERT_SIZE(struct hvm_activity, 112 + 32 * HVM_MAX_CORES);
#define HVM_IOC_ACTIVITY _IOWR(HVM_IOC_MAGIC, 0x0a, struct hvm_activity)

/**
 * HVM_IOC_GROUP_ACTIVITY: the same of the processes that share cores with process @index (in), in what partition ever:
 * of itself, its parents and children, those that have ended too; of a pool (HVM_JOB_POOL), whose processes have
 * nothing to do with each other, of that process alone. Out: @index is the number of its core group in partition @name,
 * or of a pool 0;
 * @core_count is 0. Any process. ESRCH: it has no HRT process. ENOMEM: out of memory.
 */
#define HVM_IOC_GROUP_ACTIVITY _IOWR(HVM_IOC_MAGIC, 0x0b, struct hvm_activity)

/**
 * HRT modules: functions and their data that root loads into partition memory, once for all processes of the partition.
 * They lie in the upper half of every address space of the partition, from HVM_MODULE_VA on, so a thread on any of its
 * cores can call them. A process learns their addresses by name. Modules survive a reboot of the partition: code and
 * initial data are laid down again, because what a failed partition left may be corrupt; what functions wrote is lost.
 *
 * The module's file is read, checked and relocated by the caller (libhvm), for an address that only hvm.ko knows: a
 * first request, with any address, is answered by EAGAIN and the address; another one in between makes it EAGAIN again.
 */
#define HVM_SYMBOL_MAX	     112u	/* bytes of a function's name, terminating zero included */
#define HVM_MODULE_SYMBOLS   4096u	/* functions of one module */
#define HVM_MODULE_IMAGE_MAX 0x4000000u /* bytes, 64 MiB: code and initial data */

struct hvm_module_symbol {
	char name[HVM_SYMBOL_MAX];
	uint64_t address;
	uint64_t size; /* bytes, 0 = not known */
};
HVM_ASSERT_SIZE(struct hvm_module_symbol, 128);

/**
 * HVM_IOC_MODULE_LOAD: load module @module into partition @name. Also while jobs run, and before the first boot.
 * EPERM: without CAP_SYS_ADMIN. ENOENT: no such partition. EINVAL: @module is empty or holds other characters than
 * letters, digits and "._-"; sizes do not fit each other; a symbol has no name, or lies outside the module. E2BIG: more
 * than the limits above or HVM_MODULE_SPAN. EEXIST: a module of this name is loaded. ENOMEM: the partition has not so
 * much memory left; @memory_free says what it has. ENOSPC: no gap among the modules is large enough. EAGAIN: the image
 * was made for another address than @address now tells. EOPNOTSUPP: programs of the partition run in ring 3, and could
 * not call it.
 */
struct hvm_module_load {
	char name[HVM_NAME_MAX];   /* of the partition; empty: the first one. out: its name */
	char module[HVM_NAME_MAX]; /* terminated */
	uint64_t address;	   /* in: that the image is made for; out: that it must have */
	uint64_t image;		   /* user address */
	uint64_t image_size;
	uint64_t memory_size; /* with the zeroed memory behind the image */
	uint64_t symbols;     /* user address of struct hvm_module_symbol [symbol_count] */
	uint32_t symbol_count;
	uint32_t reserved;
	uint64_t memory_free; /* out: bytes of partition memory that nobody has, before this call */
};
HVM_ASSERT_SIZE(struct hvm_module_load, 120);
#define HVM_IOC_MODULE_LOAD _IOWR(HVM_IOC_MAGIC, 0x20, struct hvm_module_load)

/**
 * HVM_IOC_MODULE_UNLOAD: unload module @module of partition @name and give its memory back.
 * EPERM: without CAP_SYS_ADMIN. ENOENT: no such partition. ENODATA: no such module. EBUSY: jobs hold cores of the
 * partition, and may be in it.
 */
struct hvm_module_unload {
	char name[HVM_NAME_MAX];
	char module[HVM_NAME_MAX];
};
#define HVM_IOC_MODULE_UNLOAD _IOW(HVM_IOC_MAGIC, 0x21, struct hvm_module_unload)

/**
 * HVM_IOC_MODULE_FIND: the function @symbol.name of module @module (empty: of any) of partition @name; with an empty
 * @symbol.name the one that contains @symbol.address. An empty @name: the job's partition, or the first one.
 * ENOENT: no such partition. ENODATA: no such module or function. ENOTUNIQ: several modules have a function of this
 * name; @module must say which. Any process.
 */
struct hvm_module_find {
	char name[HVM_NAME_MAX];
	char module[HVM_NAME_MAX]; /* in, out */
	struct hvm_module_symbol symbol;
};
HVM_ASSERT_SIZE(struct hvm_module_find, 192);
#define HVM_IOC_MODULE_FIND _IOWR(HVM_IOC_MAGIC, 0x22, struct hvm_module_find)

/**
 * HVM_IOC_MODULE_INFO: describe module number @index of partition @name, and its function number @symbol_index, if it
 * has that many. Numbers are dense, from 0, in the order of loading. @name as above. Any process.
 * ENOENT: no such partition. ENODATA: no such module.
 */
struct hvm_module_info {
	char name[HVM_NAME_MAX];
	uint32_t index;	       /* in */
	uint32_t symbol_index; /* in */
	char module[HVM_NAME_MAX];
	uint64_t address;
	uint64_t image_size;
	uint64_t memory_size; /* as given; it takes whole chunks of 2 MiB */
	uint32_t symbol_count;
	uint32_t reserved;
	struct hvm_module_symbol symbol; /* all zero: it has no such function */
};
HVM_ASSERT_SIZE(struct hvm_module_info, 232);
#define HVM_IOC_MODULE_INFO _IOWR(HVM_IOC_MAGIC, 0x23, struct hvm_module_info)

/**
 * HVM_IOC_WINDOW: the memory that host and guest share (hvm/window.h); @size 0: this VM has none. Map it with
 * mmap(fd, HVM_MAP_WINDOW, at most @size bytes, MAP_SHARED): plain write-back memory, for HRT cores as well.
 * mmap: EPERM: without CAP_SYS_ADMIN. ENODEV: there is none. EINVAL: more than there is, or not MAP_SHARED.
 */
struct hvm_window_info {
	uint64_t size; /* bytes */
	uint64_t phys; /* where it lies in the guest's physical address space */
	uint64_t reserved[2];
};
HVM_ASSERT_SIZE(struct hvm_window_info, 32);
#define HVM_IOC_WINDOW _IOR(HVM_IOC_MAGIC, 0x0f, struct hvm_window_info)
#define HVM_MAP_WINDOW 0x20000000000ull

/**
 * HVM_IOC_JOB_CREATE: make this open file a job on @cores cores of partition @name (an empty name: the first one) and
 * merge the calling process's address space. @slots slots are made (at least @cores; 0: as many as is fair, at most
 * HVM_JOB_SLOTS, and told); map them with
 * mmap(fd, offset 0, slots * HVM_SLOT_SIZE rounded up to pages, PROT_READ|PROT_WRITE, MAP_SHARED).
 * With @share the job joins the group of another job, which the caller has open; @name and @cores are told. If that job
 * was kept (HVM_IOC_JOB_KEEP) and has ended, this one takes its place.
 * With HVM_JOB_POOL the cores are those of the partition's pool, which several processes share: the first one makes it,
 * of
 * @cores cores (0: all that are free), the others are told. Each process has workers there, which the aerokernel hands
 * tasks to (hvm/ptask.h). The end of one concerns no other, the end of the last one ends the pool.
 * ENOENT: no such partition. EAGAIN: fewer cores or slots free now. E2BIG: more than the partition has. ENODEV: not
 * booted, and @state says why. EBUSY: this file is a job already. EBADF: @share is no job. ESHUTDOWN: its group ended.
 * EOPNOTSUPP: a pool, where programs run in ring 3; @privilege says so.
 */
#define HVM_JOB_SLOTS 544u
#define HVM_JOB_POOL  0x1u

/**
 * Partition memory: mmap(fd of a job, offset HVM_MAP_MEMORY, any size, MAP_SHARED), rounded up to chunks of 2 MiB,
 * zeroed, contiguous in 2 MiB and mapped so if the address is a multiple of it. Children of fork do not have it; it is
 * no memory for O_DIRECT, process_vm_readv(2) and shared futexes; it cannot grow, nor be given back in parts. ENOMEM:
 * the partition has not that much left. EINVAL: not MAP_SHARED.
 */
#define HVM_MAP_MEMORY 0x10000000000ull
struct hvm_job_create {
	char name[HVM_NAME_MAX];  /* in; out: the partition's name */
	uint32_t cores;		  /* in */
	uint32_t slots;		  /* in, out */
	uint32_t partition_cores; /* out: cores of the partition */
	uint32_t cores_free;	  /* out: before this call */
	uint32_t state;		  /* out: enum hvm_partition_state */
	uint32_t tsc_khz;	  /* out */
	uint64_t spin_cycles;	  /* out: how long a server should poll before it sleeps, TSC cycles */
	uint32_t pause;		  /* out: 1 = spin with PAUSE */
	uint32_t share;		  /* in: 1 + descriptor of a job whose cores are shared, 0: cores of its own */
	uint64_t merge_ns;	  /* out: time that the merge took */
	uint32_t flags;		  /* in: HVM_JOB_* */
	uint32_t privilege;	  /* out: enum hvm_privilege */
};
#define HVM_IOC_JOB_CREATE _IOWR(HVM_IOC_MAGIC, 0x10, struct hvm_job_create)

/**
 * HVM_IOC_THREAD_START: run a thread on core @core of the job (0 .. cores-1), behind slot @slot (0 .. slots-1).
 * The thread starts at @rip with @rsp, @arg in rdi, rsi, rdx, and @fs_base; all other registers zero, FPU and SSE in
 * their initial state. @tid is what gettid answers (0: the calling thread's).
 * With HVM_THREAD_JOIN the job's other cores join it: they run the threads that this one starts (hvm/slot.h, servers).
 * With HVM_THREAD_WORKER it is a worker of a process that stays in Linux: it keeps to its core, of which it is the only
 * worker of that process, and the job's other cores join as with HVM_THREAD_JOIN. In a pool, @call_slot is the slot by
 * which the process submits tasks. The process's other threads are Linux': futexes, signal masks and what concerns one
 * thread are forwarded, and the server answers the start of threads and processes with an error. Its server may end
 * what the worker does by HVM_RESUME_WORKER (hvm/slot.h). With HVM_THREAD_COPY it goes on where another thread waits in
 * a system call, with that thread's registers and a result of 0: the thread behind slot @call_slot of the job @copy_job
 * (a descriptor) of the same group, which must not go on meanwhile. Of @rip, @rsp and @fs_base those that are not 0
 * take the place of the copied ones; @arg[0] is the address of a word to clear and wake when the thread ends, or 0.
 * EINVAL: a number out of range, an address outside the lower half. EBUSY: the core or slot has a thread. ETIMEDOUT:
 * the core did not take the command (the partition is HUNG). ESHUTDOWN: the job was ended (reboot). EOPNOTSUPP: in a
 * partition whose programs run in ring 3 without HVM_THREAD_JOIN: there are no workers there.
 */
#define HVM_THREAD_JOIN	  0x2u
#define HVM_THREAD_COPY	  0x4u
#define HVM_THREAD_WORKER 0x8u
struct hvm_thread_start {
	uint32_t core;
	uint32_t slot;
	uint32_t flags;
	uint32_t call_slot;
	uint64_t rip;
	uint64_t rsp;
	uint64_t fs_base;
	uint64_t arg[3];
	uint32_t tid;
	uint32_t copy_job;
};
#define HVM_IOC_THREAD_START _IOW(HVM_IOC_MAGIC, 0x11, struct hvm_thread_start)

/**
 * HVM_IOC_THREAD_STOP: make the thread behind slot @slot leave its core; returns when it has. Of a thread that was
 * started with HVM_THREAD_JOIN: all threads of the job leave all its cores; those of other jobs of the group go on.
 * Safe at any time.
 */
#define HVM_IOC_THREAD_STOP _IOW(HVM_IOC_MAGIC, 0x12, uint32_t)

/**
 * HVM_IOC_WAIT: sleep until slot @slot has a request that is not answered yet. Returns at once if there is one.
 * EINTR: a signal. ETIMEDOUT: nothing for @timeout_ns (0 = no limit). ESHUTDOWN: the job was ended.
 */
struct hvm_wait {
	uint32_t slot;
	uint32_t reserved;
	uint64_t timeout_ns;
};
#define HVM_IOC_WAIT _IOW(HVM_IOC_MAGIC, 0x13, struct hvm_wait)

/**
 * HVM_IOC_KICK: ring the doorbell of the core whose thread is the client of slot @slot: after answering it while
 * client_sleeping was set, or to end its HVM_GATE_HALT.
 */
#define HVM_IOC_KICK _IOW(HVM_IOC_MAGIC, 0x14, uint32_t)

/**
 * HVM_IOC_SIGNAL: as HVM_IOC_KICK, after setting the slot's signal: the core looks for it, also if the thread computes
 * or waits for another.
 */
#define HVM_IOC_SIGNAL _IOW(HVM_IOC_MAGIC, 0x16, uint32_t)

/**
 * HVM_IOC_FAULT: resolve a page fault of the job's HRT threads, as a fault of the process itself would be.
 * 0: retry the access. EFAULT: nothing mapped there (SEGV_MAPERR). EACCES: mapped, but the access is not allowed
 * (SEGV_ACCERR). EIO: bus error (SIGBUS), e.g. beyond the end of a mapped file. ENOMEM: out of memory. EINTR: a fatal
 * signal is pending.
 */
struct hvm_fault {
	uint64_t address;
	uint64_t error; /* x86 page-fault error code */
};
#define HVM_IOC_FAULT _IOW(HVM_IOC_MAGIC, 0x15, struct hvm_fault)

/**
 * HVM_IOC_JOB_STATS: what the job's threads have had so far, beside what its slots hold (struct hvm_slot_stats).
 */
struct hvm_job_stats {
	uint64_t shootdowns;	   /* times that Linux had the job's cores drop translations ... */
	uint64_t shootdown_ns;	   /* ... and how long it waited for them */
	uint64_t interrupt_cycles; /* that interrupts took from the job's threads, TSC cycles */
	uint64_t preemptions;
	uint64_t local[HVM_COUNTED_CALLS];  /* system calls that the aerokernel answered ... */
	uint16_t number[HVM_COUNTED_CALLS]; /* ... by number; the first counter is for all that have none */
	uint32_t reserved;
};
HVM_ASSERT_SIZE(struct hvm_job_stats, 336);
#define HVM_IOC_JOB_STATS _IOR(HVM_IOC_MAGIC, 0x18, struct hvm_job_stats)

/**
 * HVM_IOC_EVENT_WAIT: sleep until the count of events of slot @slot (hvm_slot.events, raised by HVM_GATE_NOTIFY) is not
 * @seen. Returns at once if it is not. EINTR, ETIMEDOUT, ESHUTDOWN as HVM_IOC_WAIT.
 */
struct hvm_event_wait {
	uint32_t slot;
	uint32_t reserved;
	uint64_t seen;
	uint64_t timeout_ns;
};
#define HVM_IOC_EVENT_WAIT _IOW(HVM_IOC_MAGIC, 0x19, struct hvm_event_wait)

/**
 * HVM_IOC_EVENT_FD: each HVM_GATE_NOTIFY of slot @slot raises the eventfd(2) @fd, too; events that come together may
 * raise it once. -1: no longer. EBADF, EINVAL: @fd is no eventfd.
 */
struct hvm_event_fd {
	uint32_t slot;
	int32_t fd;
};
#define HVM_IOC_EVENT_FD _IOW(HVM_IOC_MAGIC, 0x1a, struct hvm_event_fd)

/**
 * HVM_IOC_JOB_KEEP: @arg 1: keep the cores when the address space ends (execve), until the file is closed or another
 * job takes its place. 0: do not.
 */
#define HVM_IOC_JOB_KEEP _IOW(HVM_IOC_MAGIC, 0x17, uint32_t)

/**
 * HVM_IOC_JOB_END: end the job now, as if its address space did: its threads leave their cores, which are free, and who
 * waits for it gets ESHUTDOWN. Closing the file would do it later, if a child of fork has it open, too.
 */
#define HVM_IOC_JOB_END _IO(HVM_IOC_MAGIC, 0x1b)

#endif
