/* SPDX-License-Identifier: Apache-2.0 */
/* Where the program was: `trace N ADDRESS [SYMBOL+OFFSET] [?]` lines. Safe in a signal handler. */
#ifndef PROXY_BACKTRACE_H
#define PROXY_BACKTRACE_H

#include <hvm/slot.h>

#include "program.h"

#define BACKTRACE_MAX	   32u
#define BACKTRACE_CODE_MAX 256u

struct backtrace_frame {
	uint64_t address;
	bool guessed; /* found by looking for return addresses on the stack, shown with '?' */
};

/** Where return addresses can lie: the program's code and that of its libraries, in ascending order. */
struct backtrace_code {
	unsigned int count;
	struct {
		uint64_t start, end;
	} range[BACKTRACE_CODE_MAX];
};

/**
 * Walk the stack from @regs: the chain of frame pointers, and where that soon ends, words further up the stack
 * that lie in @code and follow a call instruction. Reads memory safely. Returns the number of frames, at least one.
 */
unsigned int backtrace_walk(const struct hvm_regs *regs, const struct backtrace_code *code, uint64_t stack_high,
			    struct backtrace_frame frames[BACKTRACE_MAX]);

/** Walk and report with symbols from the files of the program and its libraries, and from HRT modules by @device. */
void backtrace_report(const struct program *program, int device, const struct hvm_regs *regs);

#endif
