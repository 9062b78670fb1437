/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Anonymous memory of the program that is the HRT partition's own (hvm/device.h, HVM_MAP_MEMORY): contiguous, never
 * moved by Linux, there before it is touched. To Linux it is a shared mapping of a device, so what differs is mended
 * here.
 */
#ifndef PROXY_PARTITION_MEMORY_H
#define PROXY_PARTITION_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/**
 * From now on take it from the partition of the job behind @fd. Children of fork(3) get copies that are Linux's memory.
 * 0 or a negative errno value.
 */
int partition_memory_use(int fd);

/** True if the program ever had such memory. */
bool partition_memory_was_used(void);

/** mmap(2) with six arguments that ask for private anonymous memory anywhere; -ENOMEM if the partition has none left.
 */
int64_t partition_memory_map(const uint64_t arg[6]);

/** Whether [@address, @address + @size) is such memory, and writable. */
bool partition_memory_is(uint64_t address, uint64_t size);

/** mremap(2) to a larger size, which Linux refuses for a device: move the content to a new mapping, by @map. */
int64_t partition_memory_grow(const uint64_t arg[6], int64_t (*map)(const uint64_t arg[6]));

#endif
