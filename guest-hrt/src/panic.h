/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a core: say why, tell Linux, halt. */
#ifndef HRT_PANIC_H
#define HRT_PANIC_H

#include <hvm/slot.h>

_Noreturn void panic(const char *reason);

/** An exception in the kernel, an NMI (the module's last question to a core that does not answer), a machine check. */
_Noreturn void panic_exception(const struct hvm_regs *regs);

#endif
