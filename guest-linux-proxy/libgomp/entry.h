/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that gcc's code calls. Their names, versions (exports.map) and arguments are the interface of gcc 12's
 * libgomp.so.1, as "The libgomp ABI" in its manual and gcc's calls tell them; long is OpenMP's loop variable, ull the
 * one for all that long cannot count.
 */
#ifndef ENTRY_H
#define ENTRY_H

typedef unsigned long long ull;

#define ENTRY(type, name, ...)                                                                                         \
	type name(__VA_ARGS__);                                                                                        \
	type name(__VA_ARGS__)

/* Another name of a function of the same file. */
#define SAME(name, original) extern __typeof__(original) name __attribute__((alias(#original)))

#endif
