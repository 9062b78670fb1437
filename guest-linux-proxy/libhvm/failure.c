/* SPDX-License-Identifier: Apache-2.0 */
/* What a function did wrong, in words. */
#include "hvm.h"
#include "module.h"

#include <dlfcn.h>
#include <string.h>

#define VECTOR_PAGE_FAULT 14

/* Error code of a page fault: SDM Vol. 3, 4.7. */
#define ERROR_PRESENT 1u
#define ERROR_WRITE   2u
#define ERROR_FETCH   16u

static const char *name_of(uint32_t vector)
{
	static const char *const names[] = {
	    [0] = "divide error",
	    [1] = "debug exception",
	    [3] = "breakpoint",
	    [4] = "overflow",
	    [5] = "bound range exceeded",
	    [6] = "invalid opcode",
	    [7] = "device not available",
	    [10] = "invalid TSS",
	    [11] = "segment not present",
	    [12] = "stack-segment fault",
	    [13] = "general protection",
	    [14] = "page fault",
	    [16] = "x87 floating-point error",
	    [17] = "alignment check",
	    [19] = "SIMD floating-point exception",
	};

	return vector < sizeof(names) / sizeof(*names) && names[vector] ? names[vector] : "exception";
}

static const char *access_of(uint64_t error)
{
	if (error & ERROR_FETCH)
		return "execution of";
	return error & ERROR_WRITE ? "write to" : "read of";
}

/* @from_call: a return address may be the first byte of the next function. */
static void print_place_in_module(FILE *file, uint64_t address, bool from_call)
{
	struct hvm_module_symbol symbol = {.address = address - from_call};

	if (module_symbol(&symbol))
		fprintf(file, " %s+0x%llx (HRT module)", symbol.name, (unsigned long long)(address - symbol.address));
}

static void print_place_in_file(FILE *file, uint64_t address, bool from_call)
{
	Dl_info info = {.dli_fname = NULL};
	const char *base;

	if (!dladdr((void *)(address - from_call), &info) || !info.dli_fname)
		return;
	base = strrchr(info.dli_fname, '/') ? strrchr(info.dli_fname, '/') + 1 : info.dli_fname;
	if (info.dli_sname)
		fprintf(file, " %s+0x%llx (%s)", info.dli_sname,
			(unsigned long long)(address - (uint64_t)info.dli_saddr), base);
	else
		fprintf(file, " (%s+0x%llx)", base, (unsigned long long)(address - (uint64_t)info.dli_fbase));
}

static void print_place(FILE *file, uint64_t address, bool from_call)
{
	fprintf(file, "0x%llx", (unsigned long long)address);
	if (address - HVM_MODULE_VA < HVM_MODULE_SPAN)
		print_place_in_module(file, address, from_call);
	else
		print_place_in_file(file, address, from_call);
}

static void print_cause(FILE *file, const struct hvm_failure *failure)
{
	if (failure->vector == HVM_FAILURE_LIMIT)
		fputs("stopped: over its time limit, or its process detached", file);
	else if (failure->vector == HVM_FAILURE_EXIT)
		fprintf(file, "ended its thread with status %llu", (unsigned long long)failure->error);
	else
		fprintf(file, "exception %u, %s", failure->vector, name_of(failure->vector));
	if (failure->vector == VECTOR_PAGE_FAULT)
		fprintf(file, ": %s 0x%llx, %s", access_of(failure->error), (unsigned long long)failure->address,
			failure->error & ERROR_PRESENT ? "which is protected" : "where nothing may be");
}

void hvm_failure_print(FILE *file, const struct hvm_failure *failure)
{
	uint32_t frames = failure->frames < HVM_BACKTRACE ? failure->frames : HVM_BACKTRACE;

	fprintf(file, "function on HRT core %u: ", failure->core);
	print_cause(file, failure);
	fprintf(file, "\n  rip 0x%llx rsp 0x%llx rbp 0x%llx rax 0x%llx\n", (unsigned long long)failure->instruction,
		(unsigned long long)failure->rsp, (unsigned long long)failure->rbp, (unsigned long long)failure->rax);
	for (uint32_t i = 0; i < frames; i++) {
		fprintf(file, "  #%u ", i);
		print_place(file, failure->backtrace[i], i > 0);
		fputc('\n', file);
	}
}
