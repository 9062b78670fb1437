/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Fixed-width types, layout assertions and memory ordering for the ABI headers.
 *
 * Every header of this folder is freestanding: it is compiled unchanged into the
 * kernel module (-D__KERNEL__), the aerokernel (-ffreestanding) and user programs.
 * All integers are little-endian, as x86-64 stores them.
 */
#ifndef HVM_TYPES_H
#define HVM_TYPES_H

#ifdef __KERNEL__
#include <linux/stddef.h>
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#endif

/** Revision of everything in this folder; both ends refuse a peer of another revision. */
#define HVM_ABI_REVISION 1u

#define HVM_CACHE_LINE 64u
#define HVM_PAGE_SIZE  4096u

#define HVM_ASSERT_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " has another size")
#define HVM_ASSERT_OFFSET(type, field, offset)                                                                         \
	_Static_assert(offsetof(type, field) == (offset), #type "." #field " lies elsewhere")

/* Loads and stores of words that the other side writes or reads. */
#define hvm_load_relaxed(p)	__atomic_load_n((p), __ATOMIC_RELAXED)
#define hvm_load_acquire(p)	__atomic_load_n((p), __ATOMIC_ACQUIRE)
#define hvm_store_relaxed(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define hvm_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)

/** Orders earlier stores before later loads: the fence between "set my flag" and "look again". */
#define hvm_fence_full() __atomic_thread_fence(__ATOMIC_SEQ_CST)

#endif
