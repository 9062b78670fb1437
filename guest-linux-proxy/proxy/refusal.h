/* SPDX-License-Identifier: Apache-2.0 */
/* Why a program cannot be run, in words for a person. */
#ifndef PROXY_REFUSAL_H
#define PROXY_REFUSAL_H

#define REFUSAL_TEXT_MAX 400

struct refusal {
	int error; /* errno value */
	char text[REFUSAL_TEXT_MAX];
};

/** Fill *@refusal. */
void refusal_set(struct refusal *refusal, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

/** The same as an expression of value -1, for `return refuse(...)`; a macro, so that the compiler sees the value. */
#define refuse(...) (refusal_set(__VA_ARGS__), -1)

#endif
