/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Frames between hvmd and a guest's agent, over one virtio-serial port.
 *
 * A frame is struct hvm_frame and length bytes of payload. Streams are jobs: their number is hvmd's, 0 is the channel
 * itself. Payloads of control frames are fields (struct hvm_field and its bytes, one after the other, no padding);
 * payloads of data frames are bytes. All integers are little-endian.
 *
 * Who speaks first: hvmd, with HELLO and a nonce. Whatever it reads before the HELLO_REPLY with that nonce was meant
 * for a hvmd that is gone, and is dropped. The agent forgets half a frame when the host closes the port. A worker that
 * replaces a dead one sends a HELLO_REPLY without a nonce at once: the channel does not break when its guest end dies,
 * and hvmd must greet anew.
 *
 * Flow: STDIN, STDOUT and STDERR of a stream each have a window. Nobody sends more data bytes than the other side
 * granted by CREDIT frames; a stream begins without credit in any direction.
 */
#ifndef HVM_FRAME_H
#define HVM_FRAME_H

#include <hvm/types.h>

#define HVM_FRAME_MAGIC	  0x464d5648u /* "HVMF" */
#define HVM_FRAME_VERSION 1u
#define HVM_FRAME_MAX	  65536u /* bytes of payload */

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
	HVM_FRAME_HELLO = 1, /* NONCE */
	HVM_FRAME_EXEC = 2, /* start a job: ARGUMENT.., ENVIRONMENT.., DIRECTORY, USER, GROUP, GROUP_EXTRA.., PARTITION,
			    CORES and OPTIONS */
	HVM_FRAME_STDIN = 3, /* data */
	HVM_FRAME_STDIN_END = 4,
	HVM_FRAME_SIGNAL = 5,  /* NUMBER */
	HVM_FRAME_REQUEST = 6, /* ID, NAME (info, activity, reboot, hrt-log, kernel-log, status, poweroff, modules,
				  module-load, module-unload, watch, dump), PARTITION, FORCE, ARGUMENT (a module's
				  file or name). watch: NUMBER: milliseconds without a sign of life after which a core
				  is asked for one, 0: never; NUMBER: after which its partition is HUNG; FORCE: cores
				  without a job, too */
	/* both ways */
	HVM_FRAME_CREDIT = 16, /* STREAM_KIND (0 stdin, 1 stdout, 2 stderr), NUMBER of bytes */
	/* agent to hvmd */
	HVM_FRAME_HELLO_REPLY = 32, /* NONCE, RELEASE, INCARNATION, STAMP_NAME and STAMP_NS.., PROBLEM.., NUMBER.. of
				       streams that ran and were ended */
	HVM_FRAME_STARTED = 33,	    /* NUMBER: pid */
	HVM_FRAME_REFUSED = 34,	    /* NUMBER: errno, TEXT */
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
};

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
