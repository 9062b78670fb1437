/* SPDX-License-Identifier: Apache-2.0 */
#include "message.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define NAME "hvm-openmp: "

static void say(const char *format, va_list arguments)
{
	char line[512];

	vsnprintf(line, sizeof(line), format, arguments);
	fprintf(stderr, NAME "%s\n", line);
}

void message_once(enum message which, const char *format, ...)
{
	static bool said[MESSAGE_NUMBER];
	va_list arguments;

	if (__atomic_exchange_n(&said[which], true, __ATOMIC_RELAXED))
		return;
	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
}

void message_fatal(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
	abort();
}

void message_refuse(const char *what)
{
	message_fatal("the program has %s, which this OpenMP library does not serve (docs/ptasks.md). Run it with "
		      "the compiler's own libgomp.so.1, without this one in LD_LIBRARY_PATH or LD_PRELOAD",
		      what);
}
