/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "../backtrace.h"
#include "../device.h"

#include <hvm/partition.h>

/* The device is not asked here. */
int device_module_symbol(int fd, struct hvm_module_symbol *symbol)
{
	(void)fd;
	(void)symbol;
	return -1;
}

/* A stack and a code range of the test's own; each return address follows a call (E8 rel32). */
static uint64_t stack[64];
static uint8_t code[256];
static struct backtrace_code ranges;
static struct backtrace_frame frames[BACKTRACE_MAX];

static uint64_t return_address(unsigned int n)
{
	return (uint64_t)&code[16 * (n + 1)];
}

static void prepare(void)
{
	memset(stack, 0, sizeof(stack));
	memset(code, 0x90, sizeof(code));
	for (unsigned int n = 0; n < 8; n++)
		code[16 * (n + 1) - 5] = 0xe8;
	ranges = (struct backtrace_code){.count = 1, .range = {{(uint64_t)code, (uint64_t)code + sizeof(code)}}};
}

static uint64_t at(unsigned int index)
{
	return (uint64_t)&stack[index];
}

static void follows_the_chain_of_frame_pointers(void)
{
	struct hvm_regs regs = {.rip = (uint64_t)code, .rsp = at(0), .rbp = at(4)};

	prepare();
	for (unsigned int n = 0; n < 5; n++) {
		stack[4 + 4 * n] = at(8 + 4 * n);
		stack[5 + 4 * n] = return_address(n);
	}
	stack[4 + 4 * 4] = 0;
	CHECK_EQUAL(backtrace_walk(&regs, &ranges, at(64), frames), 6);
	CHECK_EQUAL(frames[0].address, code);
	for (unsigned int n = 0; n < 5; n++) {
		CHECK_EQUAL(frames[1 + n].address, return_address(n));
		CHECK(!frames[1 + n].guessed);
	}
}

static void the_chain_leads_through_hrt_modules(void)
{
	struct hvm_regs regs = {.rip = HVM_MODULE_VA, .rsp = at(0), .rbp = at(4)};

	prepare();
	stack[4] = at(8);
	stack[5] = HVM_MODULE_VA + 0x1234;
	stack[8] = 0;
	stack[9] = return_address(0);
	CHECK_EQUAL(backtrace_walk(&regs, &ranges, at(64), frames), 3);
	CHECK_EQUAL(frames[1].address, HVM_MODULE_VA + 0x1234);
	CHECK_EQUAL(frames[2].address, return_address(0));
}

static void a_chain_that_loops_ends(void)
{
	struct hvm_regs regs = {.rip = (uint64_t)code, .rsp = at(0), .rbp = at(4)};

	prepare();
	stack[4] = at(4);
	stack[5] = return_address(0);
	CHECK(backtrace_walk(&regs, &ranges, at(64), frames) < BACKTRACE_MAX);
}

static void without_frame_pointers_it_looks_for_return_addresses(void)
{
	struct hvm_regs regs = {.rip = (uint64_t)code, .rsp = at(0), .rbp = 12345};

	prepare();
	stack[3] = return_address(1);
	stack[4] = (uint64_t)&code[7]; /* in the code, but not behind a call */
	stack[9] = return_address(2);
	CHECK_EQUAL(backtrace_walk(&regs, &ranges, at(64), frames), 3);
	CHECK_EQUAL(frames[1].address, return_address(1));
	CHECK(frames[1].guessed);
	CHECK_EQUAL(frames[2].address, return_address(2));
}

static void bad_pointers_leave_the_first_frame(void)
{
	struct hvm_regs regs = {.rip = 0, .rsp = 0x10, .rbp = 0xdead000000000008};

	prepare();
	CHECK_EQUAL(backtrace_walk(&regs, &ranges, UINT64_MAX, frames), 1);
	regs.rsp = UINT64_MAX - 3;
	CHECK_EQUAL(backtrace_walk(&regs, &ranges, UINT64_MAX, frames), 1);
}

void test_backtrace(void)
{
	RUN(follows_the_chain_of_frame_pointers);
	RUN(the_chain_leads_through_hrt_modules);
	RUN(a_chain_that_loops_ends);
	RUN(without_frame_pointers_it_looks_for_return_addresses);
	RUN(bad_pointers_leave_the_first_frame);
}
