/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts that begin with #! and the name of their interpreter, as Linux runs them (fs/binfmt_script.c). */
#ifndef PROXY_SCRIPT_H
#define PROXY_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#define SCRIPT_LINE  256 /* bytes of the file that count */
#define SCRIPT_DEPTH 5	 /* scripts that name scripts, before ELOOP */

struct script {
	char interpreter[SCRIPT_LINE];
	char argument[SCRIPT_LINE]; /* at most one, "" if there is none */
};

/** True if @head, the first @size bytes of a file, is a script's. */
bool script_is(const char *head, size_t size);

/** Read the first line. False (ENOEXEC) if it names no interpreter, or is cut off within its name. */
bool script_parse(const char *head, size_t size, struct script *script);

#endif
