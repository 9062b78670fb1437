/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * A signal on its way to a handler on an HRT thread (HVM_NR_SIGNAL of hvm/slot.h). The proxy, in which Linux keeps the
 * process's signals, fills it in its own memory, which the aerokernel reads through the merged address space; the
 * aerokernel saves the program's registers in a frame as Linux does and enters the handler.
 */
#ifndef HVM_SIGNAL_H
#define HVM_SIGNAL_H

#include <hvm/types.h>

#define HVM_SIGNAL_INFO 128u /* bytes of a siginfo_t */

/**
 * What an interrupted system call answers instead of its result, as inside Linux (include/linux/errno.h). The program
 * never sees them: the call is made again, or answers EINTR.
 */
#define HVM_RESTART	       512 /* again if the handler has SA_RESTART, or if there is none */
#define HVM_RESTART_ALWAYS     513
#define HVM_RESTART_NO_HANDLER 514 /* again only if there is no handler */

struct hvm_signal {
	uint64_t handler;
	uint64_t flags; /* SA_* */
	uint64_t restorer;
	uint64_t mask;		 /* what sigreturn blocks again */
	uint64_t stack;		 /* top of the stack to change to; 0: go on below the program's */
	uint64_t alternate_base; /* the thread's alternate stack, as sigaltstack(2) tells it */
	uint32_t alternate_flags;
	uint32_t number;
	uint64_t alternate_size;
	uint8_t info[HVM_SIGNAL_INFO];
};
HVM_ASSERT_SIZE(struct hvm_signal, 192);

#endif
