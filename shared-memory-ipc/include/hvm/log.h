/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The aerokernel's log: a ring of text in partition memory, written by HRT cores, read by Linux at leisure.
 *
 * Writers serialise among themselves (a lock in the aerokernel); they never wait for the reader, old text is lost.
 * head counts all bytes ever written; byte n lies at text[n % HVM_LOG_TEXT]. A reader keeps a cursor, reads head with
 * acquire, copies, reads head again, and drops what was overwritten meanwhile. The ring outlives a reboot of the
 * partition, so the words of a dying kernel stay readable.
 */
#ifndef HVM_LOG_H
#define HVM_LOG_H

#include <hvm/types.h>

#define HVM_LOG_TEXT 0x3f000u

struct hvm_log {
	uint64_t head;
	uint64_t pad[7];
	uint8_t reserved[HVM_PAGE_SIZE - 64];
	uint8_t text[HVM_LOG_TEXT];
};
HVM_ASSERT_SIZE(struct hvm_log, 0x40000);
HVM_ASSERT_OFFSET(struct hvm_log, text, HVM_PAGE_SIZE);

#endif
