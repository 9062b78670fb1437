/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /dev/hvm as the proxy uses it (hvm/device.h tells what each call does). All return 0 or a negative errno value.
 * Tests link another implementation, in which a thread of the same process plays the HRT.
 */
#ifndef PROXY_DEVICE_H
#define PROXY_DEVICE_H

#include <stdbool.h>

#include <hvm/device.h>
#include <hvm/slot.h>

/** A descriptor of the device whose ABI revision is ours, or -errno; EPROTO for another revision. */
int device_open(void);

int device_job_create(int fd, struct hvm_job_create *job);

/** Map @count slots, at @at if it is not NULL; NULL if that fails. *@size gets the mapping's size. */
struct hvm_slot *device_map_slots(int fd, void *at, unsigned int count, uint64_t *size);

int device_thread_start(int fd, const struct hvm_thread_start *start);
int device_thread_stop(int fd, uint32_t slot);
int device_wait(int fd, uint32_t slot);
int device_kick(int fd, uint32_t slot);
int device_signal(int fd, uint32_t slot);
int device_fault(int fd, uint64_t address, uint64_t error);
int device_job_stats(int fd, struct hvm_job_stats *stats);
/** The function of an HRT module that contains @symbol->address: ENODATA if none does. */
int device_module_symbol(int fd, struct hvm_module_symbol *symbol);
int device_job_keep(int fd, bool keep);

#endif
