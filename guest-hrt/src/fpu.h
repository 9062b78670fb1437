/* SPDX-License-Identifier: Apache-2.0 */
/* Vector and floating-point state. The kernel itself uses none of it. */
#ifndef HRT_FPU_H
#define HRT_FPU_H

#include <hvm/types.h>

/** Enable what this core has, as Linux would, before any program asks. */
void fpu_init(void);

/** Give the core the state that a new program sees. */
void fpu_reset(void);

/* The state that fpu_init can enable: x87, SSE, AVX, AVX-512 in the standard format (SDM Vol. 1, 13.4). */
#define FPU_STATE_SIZE 2688u
#define FPU_HEADER_END 576u

/** Save or load a program's state; @state is 64-byte aligned, and its header was zero before the first save. */
void fpu_save(uint8_t *state);
void fpu_restore(const uint8_t *state);

#endif
