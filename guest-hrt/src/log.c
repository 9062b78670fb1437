/* SPDX-License-Identifier: Apache-2.0 */
#include <hvm/log.h>
#include <hvm/partition.h>

#include <stdarg.h>

#include "core.h"
#include "cpu.h"
#include "log.h"

#define LINE_MAX 256u

/* 0 = free, else 1 + core that holds it. */
static uint32_t owner;

struct line {
	char text[LINE_MAX];
	uint32_t length;
};

static void put(struct line *line, char c)
{
	if (line->length < LINE_MAX - 1)
		line->text[line->length++] = c;
}

static void put_number(struct line *line, uint64_t value, unsigned int base, unsigned int width, char fill)
{
	char digits[20];
	unsigned int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	for (; width > n; width--)
		put(line, fill);
	while (n)
		put(line, digits[--n]);
}

static void put_string(struct line *line, const char *s)
{
	while (*s)
		put(line, *s++);
}

static void format_line(struct line *line, const char *format, va_list args)
{
	for (; *format; format++) {
		unsigned int width = 0;
		bool wide = false;
		char fill = ' ';

		if (*format != '%') {
			put(line, *format);
			continue;
		}
		format++;
		if (*format == '0')
			fill = *format++;
		for (; *format >= '0' && *format <= '9'; format++)
			width = width * 10 + (unsigned int)(*format - '0');
		for (; *format == 'l'; format++)
			wide = true;
		switch (*format) {
		case 's':
			put_string(line, va_arg(args, const char *));
			break;
		case 'c':
			put(line, (char)va_arg(args, int));
			break;
		case 'd': {
			int64_t value = wide ? va_arg(args, int64_t) : va_arg(args, int);

			if (value < 0)
				put(line, '-');
			put_number(line, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, width, fill);
			break;
		}
		case 'u':
		case 'x':
			put_number(line, wide ? va_arg(args, uint64_t) : va_arg(args, unsigned int),
				   *format == 'x' ? 16 : 10, width, fill);
			break;
		case 'p':
			put_string(line, "0x");
			put_number(line, (uint64_t)va_arg(args, void *), 16, 0, '0');
			break;
		case '\0':
			return;
		default:
			put(line, *format);
		}
	}
}

static void lock(uint32_t me)
{
	uint32_t expected = 0;

	while (!__atomic_compare_exchange_n(&owner, &expected, me, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		expected = 0;
		cpu_pause();
	}
}

void log_recover(uint32_t core)
{
	uint32_t me = core + 1;

	__atomic_compare_exchange_n(&owner, &me, 0, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

void log_line(const char *format, ...)
{
	struct hvm_log *log = (struct hvm_log *)((uint8_t *)partition + HVM_OFFSET_LOG);
	uint64_t microseconds = cpu_tsc() / (partition->tsc_khz / 1000 + 1);
	uint32_t core = core_self()->index;
	struct line line = {.length = 0};
	uint64_t flags, head;
	va_list args;

	put(&line, '[');
	put_number(&line, microseconds / 1000000, 10, 5, ' ');
	put(&line, '.');
	put_number(&line, microseconds % 1000000, 10, 6, '0');
	put_string(&line, "] core ");
	put_number(&line, core, 10, 0, ' ');
	put_string(&line, ": ");
	va_start(args, format);
	format_line(&line, format, args);
	va_end(args);
	line.text[line.length++] = '\n'; /* put() left room for it */

	flags = cpu_save_interrupts_off();
	lock(core + 1);
	head = log->head;
	for (uint32_t i = 0; i < line.length; i++)
		log->text[(head + i) % HVM_LOG_TEXT] = (uint8_t)line.text[i];
	hvm_store_release(&log->head, head + line.length);
	hvm_store_release(&owner, 0);
	cpu_restore_interrupts(flags);
}
