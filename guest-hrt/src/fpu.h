/* SPDX-License-Identifier: Apache-2.0 */
/* Vector and floating-point state. The kernel itself uses none of it. */
#ifndef HRT_FPU_H
#define HRT_FPU_H

#include <hvm/types.h>

/** Enable what this core has, as Linux would, before any program asks. */
void fpu_init(void);

struct core;
struct thread;

/*
 * The state is loaded when a thread first uses it (CR0.TS), and saved at the end of a turn on a core in which it was:
 * threads that take turns without it, as at a lock, need not move it. One that uses it in turn after turn gets it at
 * the start.
 */

/** The turn of @thread on this core begins, or ends. Interrupts are off. */
void fpu_begin_turn(struct core *core, struct thread *thread);
void fpu_end_turn(struct core *core, struct thread *thread);

/** Load the running thread's state, if it is not: #NM, or before the kernel looks at it. Interrupts are off. */
void fpu_load(struct core *core);

/** Give the running thread the state that a new program sees. */
void fpu_reset(void);

/** Rounding, precision and exception masks of the running program, which its new threads inherit. */
struct fpu_control {
	uint32_t mxcsr;
	uint16_t fcw;
};
extern const struct fpu_control fpu_initial;
struct fpu_control fpu_control(void);
void fpu_set_control(struct fpu_control control);

/* The state that fpu_init can enable: x87, SSE, AVX, AVX-512 in the standard format (SDM Vol. 1, 13.4). */
#define FPU_STATE_SIZE	2688u
#define FPU_LEGACY_SIZE 512u
#define FPU_HEADER_END	576u

/** Save or load the running thread's state; @state is 64-byte aligned, and its header was zero before the first save.
 */
void fpu_save(uint8_t *state);
void fpu_restore(const uint8_t *state);

/** Floating-point exceptions that are raised and not masked, as in MXCSR; of the x87 if @x87. */
uint64_t fpu_exceptions(bool x87);

#define FPU_LEGACY_SIZE 512u

/*
 * The state in a signal's frame: in this core's standard format, and told so in bytes that the processor leaves to
 * software (struct _fpx_sw_bytes of uapi/asm/sigcontext.h).
 */

/** Bytes of a state on this core. */
uint32_t fpu_size(void);

/** Tell programs what @state is; false of one that is told to be something else. */
void fpu_describe(uint8_t *state);
bool fpu_is_described(const uint8_t *state);

/** Make a state of which a program wrote the first @size bytes fit to be loaded. */
void fpu_make_safe(uint8_t *state, uint64_t size);

#endif
