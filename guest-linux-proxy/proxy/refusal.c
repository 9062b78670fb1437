/* SPDX-License-Identifier: Apache-2.0 */
#include "refusal.h"

#include <stdarg.h>
#include <stdio.h>

void refusal_set(struct refusal *refusal, int error, const char *format, ...)
{
	va_list list;

	refusal->error = error;
	va_start(list, format);
	vsnprintf(refusal->text, sizeof(refusal->text), format, list);
	va_end(list);
}
