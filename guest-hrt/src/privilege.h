/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where programs run: in ring 0, as the kernel, or in ring 3 (HVM_FLAG_USER). In ring 3 a program can reach its own
 * memory and nothing else. That includes its slots, so the kernel takes nothing from there that could harm it:
 * registers are confined, indices are its own, numbers are checked, and an answer may be forged at any time.
 */
#ifndef HRT_PRIVILEGE_H
#define HRT_PRIVILEGE_H

#include "core.h"
#include "cpu.h"

/* What a program may change of its flags: FIX_EFLAGS of arch/x86/kernel/signal.c. */
#define FLAGS_OF_PROGRAM 0x50dd5ull

/** True if the partition's programs run in ring 3. */
static inline bool privilege_is_user(void)
{
	return partition->flags & HVM_FLAG_USER;
}

/** Make @regs those of a program, whoever wrote them: its segments, and no flag that is the kernel's. */
static inline void privilege_confine(struct hvm_regs *regs)
{
	bool user = privilege_is_user();

	regs->cs = user ? SELECTOR_USER_CODE : SELECTOR_CODE;
	regs->ss = user ? SELECTOR_USER_DATA : SELECTOR_DATA;
	regs->rflags = (regs->rflags & FLAGS_OF_PROGRAM) | RFLAGS_IF | 2;
}

/** True for an address of the lower half: IRETQ and WRFSBASE fault for those between the halves. */
static inline bool privilege_is_lower(uint64_t address)
{
	return address >> (partition->flags & HVM_FLAG_LA57 ? 56 : 47) == 0;
}

/** True if @regs, of an interrupt or exception, are the program's: not of the image, or of ring 3 (entry.S). */
static inline bool privilege_is_program(const struct hvm_regs *regs)
{
	return regs->cs & 3 || regs->rip - HVM_IMAGE_VA >= HVM_IMAGE_MAX;
}

#endif
