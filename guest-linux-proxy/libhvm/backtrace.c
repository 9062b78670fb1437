/* SPDX-License-Identifier: Apache-2.0 */
/* Part of the server: freestanding. The function may have broken all that is read here, so Linux reads it. */
#include "backtrace.h"
#include "raw.h"
#include "return_address.h"

#include <sys/uio.h>

#define CHAIN_ENOUGH 3u		/* frames that make the chain of frame pointers the whole story */
#define SCAN_BYTES   (8u << 10) /* of the stack */
#define SCAN_FRAMES  12u

static bool copy(uint64_t nr, void *own, void *theirs, uint64_t size)
{
	const struct iovec local = {own, size}, remote = {theirs, size};
	const uint64_t arg[6] = {(uint64_t)raw_call3(SYS_getpid, 0, 0, 0), (uint64_t)&local, 1, (uint64_t)&remote, 1};

	return raw_call(nr, arg) == (int64_t)size;
}

static bool read_memory(uint64_t from, void *to, uint64_t size)
{
	return copy(SYS_process_vm_readv, to, (void *)from, size);
}

void backtrace_copy_out(struct hvm_failure *to, const struct hvm_failure *failure)
{
	copy(SYS_process_vm_writev, (void *)failure, to, sizeof(*failure));
}

/* True if the instruction before @address is a call. */
static bool follows_call(uint64_t address)
{
	uint8_t code[CALL_BYTES];

	return address >= sizeof(code) && read_memory(address - sizeof(code), code, sizeof(code)) && ends_in_call(code);
}

/* Follow the frame pointers up to @high. */
static uint32_t walk(uint64_t frame, uint64_t low, uint64_t high, uint64_t *frames, uint32_t room)
{
	uint32_t n = 0;

	while (n < room && frame >= low && frame % 8 == 0 && frame + 16 <= high) {
		uint64_t pair[2]; /* the caller's frame pointer, the return address */

		if (!read_memory(frame, pair, sizeof(pair)) || !(in_module(pair[1]) || follows_call(pair[1])))
			break;
		frames[n++] = pair[1];
		low = frame + 16;
		frame = pair[0];
	}
	return n;
}

/* Without frame pointers: what looks like a return address. */
static uint32_t scan(uint64_t low, uint64_t high, uint64_t *frames, uint32_t room)
{
	uint32_t n = 0;

	for (uint64_t at = (low + 7) & ~7ull; n < room && at + 8 <= high && at < low + SCAN_BYTES; at += 8) {
		uint64_t word;

		if (!read_memory(at, &word, sizeof(word)))
			break;
		if (follows_call(word))
			frames[n++] = word;
	}
	return n;
}

void backtrace_record(const struct worker *worker, struct hvm_failure *failure)
{
	const struct hvm_regs *regs = &worker->slot->regs;
	uint64_t low = regs->rsp, high = worker->stack;

	failure->instruction = regs->rip;
	failure->rsp = regs->rsp;
	failure->rbp = regs->rbp;
	failure->rax = regs->rax;
	failure->backtrace[0] = regs->rip;
	failure->frames = 1 + walk(regs->rbp, low, high, failure->backtrace + 1, HVM_BACKTRACE - 1);
	if (failure->frames < CHAIN_ENOUGH)
		failure->frames = 1 + scan(low, high, failure->backtrace + 1, SCAN_FRAMES);
}
