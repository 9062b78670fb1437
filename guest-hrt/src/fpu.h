/* SPDX-License-Identifier: Apache-2.0 */
/* Vector and floating-point state. The kernel itself uses none of it. */
#ifndef HRT_FPU_H
#define HRT_FPU_H

/** Enable what this core has, as Linux would, before any program asks. */
void fpu_init(void);

/** Give the core the state that a new program sees. */
void fpu_reset(void);

#endif
