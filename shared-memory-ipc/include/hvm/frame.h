/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Frames between hvmd and a guest's agent, over one virtio-serial port.
 *
 * A frame is struct hvm_frame and length bytes of payload. Streams are jobs: their number is hvmd's, 0 is the channel
 * itself. Payloads of control frames are fields (struct hvm_field and its bytes, one after the other, no padding);
 * payloads of data frames are bytes. All integers are little-endian.
 *
 * Who speaks first: hvmd, with HELLO, a nonce and the id of its state folder. Whatever it reads before the HELLO_REPLY
 * with that nonce was meant for a hvmd that is gone, and is dropped. The agent forgets half a frame when the host
 * closes the port. A worker that replaces a dead one sends a HELLO_REPLY without a nonce at once: the channel does not
 * break when its guest end dies, and hvmd must greet anew.
 *
 * Jobs outlive the channel. A stream is a job, by hvmd's number; RESTARTS tells its lives apart. The agent keeps, until
 * RELEASE, its process, what it wrote and hvmd has not taken, and its exit status. HELLO_REPLY lists the jobs that are
 * kept (JOB); nothing is sent of one that an earlier channel began until hvmd asks for it by ATTACH. A hvmd with
 * another INSTANCE finds none: they are ended before the answer. LIFE names the worker; it changes when jobs were lost
 * with one, so a job that is not listed under the same LIFE was never begun.
 *
 * Flow: each stream of bytes counts from the job's first one. CREDIT says how many are taken for good (OFFSET; the
 * sender forgets them) and how many more may be sent behind those (NUMBER). The first one of an output stream on a
 * channel says from which byte on it is wanted. A stream begins without credit in any direction; the agent keeps no
 * more than HVM_OUTPUT_KEPT bytes of each output stream, however much it was granted, and then lets the job wait.
 * Reports are counted in lines; ATTACH says from which on, CREDIT with kind 3 how many are on disk. EXIT comes when all
 * was sent.
 */
#ifndef HVM_FRAME_H
#define HVM_FRAME_H

#include <hvm/types.h>

#define HVM_FRAME_MAGIC	  0x464d5648u /* "HVMF" */
#define HVM_FRAME_VERSION 2u
#define HVM_FRAME_MAX	  65536u /* bytes of payload */

#define HVM_OUTPUT_KEPT (256u << 10)

struct hvm_frame {
	uint32_t magic;
	uint8_t version;
	uint8_t type;
	uint16_t reserved;
	uint32_t stream;
	uint32_t length;
	uint32_t check; /* ~(magic + version + type + stream + length), so that noise is no header */
};
HVM_ASSERT_SIZE(struct hvm_frame, 20);

struct hvm_field {
	uint16_t tag;
	uint16_t reserved;
	uint32_t length;
};
HVM_ASSERT_SIZE(struct hvm_field, 8);

enum hvm_frame_type {
	/* hvmd to agent */
	HVM_FRAME_HELLO = 1, /* NONCE, INSTANCE */
	HVM_FRAME_EXEC = 2,  /* start a job: RESTARTS, ARGUMENT.., ENVIRONMENT.., DIRECTORY, USER, GROUP, GROUP_EXTRA..,
			      PARTITION, CORES, OPTIONS, STDIN_FILE, STDOUT_FILE, STDERR_FILE, APPEND, MEMORY */
	HVM_FRAME_STDIN = 3, /* data */
	HVM_FRAME_STDIN_END = 4,
	HVM_FRAME_SIGNAL = 5,  /* NUMBER */
	HVM_FRAME_REQUEST = 6, /* ID, NAME (info, activity, usage, counters, reboot, hrt-log, kernel-log, status,
				  poweroff, modules, module-load, module-unload, watch, dump), PARTITION, FORCE,
				  ARGUMENT (a module's file or name). watch: NUMBER: milliseconds without a sign of life
				  after which a core is asked for one, 0: never; NUMBER: after which its partition is
				  HUNG; FORCE: cores without a job, too */
	HVM_FRAME_ATTACH = 7,  /* go on with a job: RESTARTS, OFFSET (lines of its report that are on disk) */
	HVM_FRAME_RELEASE = 8, /* forget a job: RESTARTS. One that has not ended is killed */
	/* both ways */
	HVM_FRAME_CREDIT = 16, /* STREAM_KIND (0 stdin, 1 stdout, 2 stderr, 3 report), OFFSET, NUMBER */
	/* agent to hvmd */
	HVM_FRAME_HELLO_REPLY = 32, /* NONCE, RELEASE, INCARNATION, LIFE, STAMP_NAME and STAMP_NS.., PROBLEM.., JOB..,
				       NUMBER.. of streams that ran and were ended */
	HVM_FRAME_STARTED = 33,	    /* NUMBER: pid; the answer to EXEC and ATTACH */
	HVM_FRAME_REFUSED = 34,	    /* NUMBER: errno, TEXT; the other one */
	HVM_FRAME_STDOUT = 35,	    /* data */
	HVM_FRAME_STDERR = 36,	    /* data */
	HVM_FRAME_REPORT = 37,	    /* data: one line of the proxy's report */
	HVM_FRAME_EXIT = 38,	    /* EXIT_CODE or EXIT_SIGNAL */
	HVM_FRAME_RESPONSE = 39,    /* ID, then what was asked for; PROBLEM if it went wrong */
	HVM_FRAME_ERROR = 40,	    /* TEXT: hvmd sent what the agent does not know */
	HVM_FRAME_EVENT = 41,	    /* PARTITION, TEXT: its state, READY for RUNNING too; after the greeting that of
				       all, then of one that changed, before the EXIT of jobs that ended with it */
};

enum hvm_field_tag {
	HVM_FIELD_NONCE = 1,	    /* 16 bytes */
	HVM_FIELD_ARGUMENT = 2,	    /* text */
	HVM_FIELD_ENVIRONMENT = 3,  /* text, NAME=VALUE */
	HVM_FIELD_DIRECTORY = 4,    /* text */
	HVM_FIELD_USER = 5,	    /* u32 */
	HVM_FIELD_GROUP = 6,	    /* u32 */
	HVM_FIELD_GROUP_EXTRA = 7,  /* u32 */
	HVM_FIELD_PARTITION = 8,    /* text; in EXEC: run on the HRT */
	HVM_FIELD_CORES = 9,	    /* u32 */
	HVM_FIELD_NUMBER = 10,	    /* u32 */
	HVM_FIELD_STREAM_KIND = 11, /* u32 */
	HVM_FIELD_ID = 12,	    /* u32 */
	HVM_FIELD_NAME = 13,	    /* text */
	HVM_FIELD_TEXT = 14,	    /* text */
	HVM_FIELD_PROBLEM = 15,	    /* text */
	HVM_FIELD_RELEASE = 16,	    /* text: of the guest's kernel */
	HVM_FIELD_INCARNATION = 17, /* u32: starts of the agent since boot */
	HVM_FIELD_STAMP_NAME = 18,  /* text */
	HVM_FIELD_STAMP_NS = 19,    /* u64, since the kernel started */
	HVM_FIELD_EXIT_CODE = 20,   /* u32 */
	HVM_FIELD_EXIT_SIGNAL = 21, /* u32 */
	HVM_FIELD_FORCE = 22,	    /* u32 */
	HVM_FIELD_INFO = 23,	    /* struct hvm_info (hvm/device.h) */
	HVM_FIELD_OPTIONS = 24,	    /* u32: bits of enum hvm_run_option, for a job on the HRT */
	HVM_FIELD_ACTIVITY = 40,    /* struct hvm_activity without the cores that there are not */
	HVM_FIELD_MODULE = 25,	    /* struct hvm_module_info; then TEXT: its functions' names, as many as fit */
	HVM_FIELD_CORE = 26,	    /* struct hvm_core_info */
	HVM_FIELD_TRACE = 27,	    /* u64..: return addresses of the program on the core described before */
	HVM_FIELD_SLOT = 28,	    /* struct hvm_slot_info */
	HVM_FIELD_MAPS = 29,	    /* text: executable mappings of process NUMBER, as in /proc/PID/maps */
	HVM_FIELD_INSTANCE = 50,    /* 16 bytes: of hvmd's state folder */
	HVM_FIELD_LIFE = 51,	    /* 16 bytes: of the agent's worker, by chance */
	HVM_FIELD_RESTARTS = 52,    /* u32: lives of the job before this one */
	HVM_FIELD_OFFSET = 53,	    /* u64: bytes, of reports lines, since the job began */
	HVM_FIELD_JOB = 54,	    /* struct hvm_job_info */
	HVM_FIELD_STDIN_FILE = 55,  /* text; opened by the job's user, instead of the stream */
	HVM_FIELD_STDOUT_FILE = 56, /* text; the same, made if it is not there, else emptied */
	HVM_FIELD_STDERR_FILE = 57, /* text; the same; if it is that of STDOUT_FILE, both are one */
	HVM_FIELD_APPEND = 58,	    /* u32: 1: output files are not emptied but appended to */
	HVM_FIELD_MEMORY = 59,	    /* u64: bytes that the job may have at a time; 0: any */
};

/* A job that the agent keeps. */
struct hvm_job_info {
	uint32_t stream;
	uint32_t restarts;
	uint32_t ended; /* 1: its process is gone */
	uint32_t pid;
	uint64_t reports; /* lines that hvmd has taken */
};
HVM_ASSERT_SIZE(struct hvm_job_info, 24);

enum hvm_run_option {
	HVM_RUN_STATS = 1,	      /* report each system call's count and time */
	HVM_RUN_POPULATE = 2,	      /* have memory there before it is touched */
	HVM_RUN_NO_HUGE_PAGES = 4,    /* 4 KiB pages only */
	HVM_RUN_PARTITION_MEMORY = 8, /* large mappings are the partition's own memory */
};

static inline uint32_t hvm_frame_check(const struct hvm_frame *f)
{
	return ~(f->magic + f->version + f->type + f->stream + f->length);
}

/** True if the bytes at @f can begin a frame. */
static inline bool hvm_frame_valid(const struct hvm_frame *f)
{
	return f->magic == HVM_FRAME_MAGIC && f->version == HVM_FRAME_VERSION && f->length <= HVM_FRAME_MAX &&
	       f->check == hvm_frame_check(f);
}

#endif
