/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports to whoever started the proxy: lines of UTF-8 text, each written at once. See docs/proxy.md for the words.
 * Everything here may be called from a signal handler.
 */
#ifndef PROXY_REPORT_H
#define PROXY_REPORT_H

#include "refusal.h"

#include <stdbool.h>

/** Where lines go: a descriptor, or -1 for standard error with the prefix `hvm-proxy: `. */
void report_to(int fd);

/** That descriptor. */
int report_descriptor(void);

/** From now on report_info writes nothing. */
void report_quietly(void);

bool report_is_quiet(void);

/** Write one line; the newline is added, other control characters become '?'. Without a reader the line is lost. */
void report_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** The same for what is no error: not written where quiet was asked for. */
void report_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** `refused errno=N reason=TEXT`. */
void report_refusal(const struct refusal *refusal);

/** `unserved nr=N name=NAME [note=NOTE]`, once for each number. @note is NULL or a word. */
void report_unserved(unsigned int nr, const char *note);

#endif
