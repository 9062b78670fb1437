/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Reading the log ring (hvm/log.h) while it is written. The writer never waits: what it overwrote is lost, and counted.
 */
#ifndef HVM_LOG_READ_H
#define HVM_LOG_READ_H

#include <hvm/log.h>

/** Bytes that a writer may have stored already behind the head it has published: one line at most. */
#define HVM_LOG_AHEAD 512u

/** The oldest byte that is whole while the ring's head is @head. */
static inline uint64_t hvm_log_oldest(uint64_t head)
{
	return head > HVM_LOG_TEXT - HVM_LOG_AHEAD ? head - (HVM_LOG_TEXT - HVM_LOG_AHEAD) : 0;
}

/**
 * Copy text from *@cursor on, at most @size bytes; returns their number and moves *@cursor behind them. *@lost is
 * raised by the bytes before them that were overwritten unread. A cursor beyond the head is of an earlier life of the
 * ring, and reading begins anew at the oldest byte.
 */
static inline uint64_t hvm_log_read(const struct hvm_log *log, uint64_t *cursor, uint8_t *to, uint64_t size,
				    uint64_t *lost)
{
	uint64_t head = hvm_load_acquire(&log->head);
	uint64_t oldest = hvm_log_oldest(head);
	uint64_t begin = *cursor > head ? oldest : *cursor;
	uint64_t count, gone;

	if (begin < oldest) {
		*lost += oldest - begin;
		begin = oldest;
	}
	count = head - begin < size ? head - begin : size;
	for (uint64_t i = 0; i < count; i++)
		to[i] = hvm_load_relaxed(&log->text[(begin + i) % HVM_LOG_TEXT]);
	/* The copies above come before the second look at the head (Boehm, MSPC 2012, on reading a seqlock). */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	oldest = hvm_log_oldest(hvm_load_relaxed(&log->head));
	gone = oldest > begin ? oldest - begin : 0;
	if (gone > count)
		gone = count;
	for (uint64_t i = 0; gone && i + gone < count; i++)
		to[i] = to[i + gone];
	*lost += gone;
	*cursor = begin + count;
	return count - gone;
}

#endif
