/* SPDX-License-Identifier: Apache-2.0 */
#include "backtrace.h"

#include "../libhvm/return_address.h"
#include "device.h"
#include "mapping.h"
#include "memory.h"
#include "region.h"
#include "report.h"
#include "symbol.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define CHAIN_ENOUGH 4u		 /* frames that make the chain the whole story */
#define SCAN_BYTES   (16u << 10) /* of stack */
#define SCAN_FRAMES  12u

static bool is_code(const struct backtrace_code *code, uint64_t address)
{
	for (unsigned int i = 0; i < code->count && code->range[i].start <= address; i++)
		if (address < code->range[i].end)
			return true;
	return false;
}

/* True if the instruction before @address is a call. */
static bool follows_call(uint64_t address)
{
	uint8_t code[CALL_BYTES];

	return address >= sizeof(code) && memory_read(address - sizeof(code), code, sizeof(code)) && ends_in_call(code);
}

/* Follow the frame pointers; *@stack is left above the last frame. */
static unsigned int walk_chain(const struct hvm_regs *regs, uint64_t stack_high, uint64_t *stack,
			       struct backtrace_frame *frames, unsigned int room)
{
	uint64_t frame = regs->rbp;
	unsigned int n = 0;

	while (n < room && frame >= *stack && frame % 8 == 0 && frame < stack_high) {
		uint64_t pair[2]; /* the caller's frame pointer, the return address */

		if (!memory_read(frame, pair, sizeof(pair)) || !(in_module(pair[1]) || follows_call(pair[1])))
			break;
		frames[n++] = (struct backtrace_frame){.address = pair[1]};
		*stack = frame + 16;
		frame = pair[0];
	}
	return n;
}

static unsigned int scan_stack(uint64_t stack, const struct backtrace_code *code, struct backtrace_frame *frames,
			       unsigned int room)
{
	uint64_t at = (stack + 7) & ~7ull;
	unsigned int n = 0;

	for (unsigned int done = 0; n < room && done < SCAN_BYTES; done += 8) {
		uint64_t word;

		if (!memory_read(at + done, &word, sizeof(word)))
			break;
		if (is_code(code, word) && follows_call(word))
			frames[n++] = (struct backtrace_frame){.address = word, .guessed = true};
	}
	return n;
}

unsigned int backtrace_walk(const struct hvm_regs *regs, const struct backtrace_code *code, uint64_t stack_high,
			    struct backtrace_frame frames[BACKTRACE_MAX])
{
	uint64_t stack = regs->rsp;
	unsigned int n;

	frames[0] = (struct backtrace_frame){.address = regs->rip};
	n = 1 + walk_chain(regs, stack_high, &stack, frames + 1, BACKTRACE_MAX - 1);
	if (n < CHAIN_ENOUGH)
		n += scan_stack(stack, code, frames + n, SCAN_FRAMES);
	return n;
}

/* The program's file mappings; what it makes itself (a JIT's code) has no names. */
static bool note_code(const struct mapping *mapping, void *context)
{
	struct backtrace_code *code = context;

	if (!mapping->executable || mapping->name[0] != '/' || region_is_own(mapping->start, 1))
		return true;
	code->range[code->count].start = mapping->start;
	code->range[code->count].end = mapping->end;
	return ++code->count < BACKTRACE_CODE_MAX;
}

struct lookup {
	uint64_t address;
	struct symbol *symbol;
};

/* The symbol, from the file that the address is mapped from. */
static bool look_up(const struct mapping *mapping, void *context)
{
	const struct lookup *lookup = context;
	int fd;

	if (lookup->address >= mapping->end)
		return true;
	if (lookup->address < mapping->start || mapping->name[0] != '/')
		return false;
	fd = open(mapping->name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return false;
	if (symbol_address(fd, lookup->address - mapping->start + mapping->offset, &lookup->symbol->address))
		symbol_resolve(fd, lookup->symbol, 1);
	close(fd);
	return false;
}

static void look_up_in_modules(int device, uint64_t address, struct symbol *symbol)
{
	struct hvm_module_symbol found = {.address = address};

	if (device_module_symbol(device, &found))
		return;
	symbol->offset = address - found.address;
	memcpy(symbol->name, found.name, SYMBOL_NAME_MAX - 1); /* the name is longer, the rest stays zero */
}

static void report_frame(int device, unsigned int index, const struct backtrace_frame *frame)
{
	/* A return address may be the first byte of the next function: look up the call before it. */
	struct symbol symbol = {.name = ""};
	struct lookup lookup = {.address = frame->address - (index > 0), .symbol = &symbol};
	const char *guessed = frame->guessed ? " ?" : "";

	if (in_module(lookup.address))
		look_up_in_modules(device, lookup.address, &symbol);
	else
		mapping_each(look_up, &lookup);
	if (symbol.name[0])
		report_line("trace %u %#llx %s+%#llx%s", index, (unsigned long long)frame->address, symbol.name,
			    (unsigned long long)(symbol.offset + (index > 0)), guessed);
	else
		report_line("trace %u %#llx%s", index, (unsigned long long)frame->address, guessed);
}

void backtrace_report(const struct program *program, int device, const struct hvm_regs *regs)
{
	struct backtrace_code code = {.count = 0};
	struct backtrace_frame frames[BACKTRACE_MAX];
	unsigned int n;

	mapping_each(note_code, &code);
	n = backtrace_walk(regs, &code, program->stack.high, frames);
	for (unsigned int i = 0; i < n; i++)
		report_frame(device, i, &frames[i]);
}
