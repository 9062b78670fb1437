/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LOCK_H
#define LOCK_H

#include <stdbool.h>
#include <stdint.h>

/** A lock is one word, zero when it is free. Its users may be on HRT cores and threads of Linux at the same time. */
void lock_take(uint32_t *lock);
bool lock_try(uint32_t *lock);
void lock_release(uint32_t *lock);

#endif
