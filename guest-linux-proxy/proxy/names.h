/* SPDX-License-Identifier: Apache-2.0 */
/* Names of Linux' x86-64 system calls and of signals. */
#ifndef PROXY_NAMES_H
#define PROXY_NAMES_H

#include <stdbool.h>

/** If Linux' headers have a call of that number. */
bool syscall_is_known(unsigned int nr);

/** The call's name, or "unknown". */
const char *syscall_name(unsigned int nr);

/** SIGSEGV and the like, or "SIGRT". */
const char *signal_name(int signal);

#endif
