/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's log ring (hvm/log.h). */
#ifndef HRT_LOG_H
#define HRT_LOG_H

#include <hvm/types.h>

/** Called once per boot of a core: take back the lock if this core died holding it. */
void log_recover(uint32_t core);

/**
 * Append one line, stamped with time and core. Knows %s, %c, %u, %d, %x with l for 64 bits, %p, and a width with 0.
 * Any context; interrupts are held off meanwhile.
 */
__attribute__((format(printf, 1, 2))) void log_line(const char *format, ...);

#endif
