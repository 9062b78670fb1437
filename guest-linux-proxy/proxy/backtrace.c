/* SPDX-License-Identifier: Apache-2.0 */
#include "backtrace.h"

#include "memory.h"
#include "report.h"
#include "symbol.h"

#include <stddef.h>

#define CHAIN_ENOUGH 4u		 /* frames that make the chain the whole story */
#define SCAN_BYTES   (16u << 10) /* of stack */
#define SCAN_FRAMES  12u

static bool in_image(const struct image *image, uint64_t address)
{
	return address >= image->start && address < image->end;
}

/*
 * True if the instruction before @address is a call: E8 rel32, or FF /2 with its ModRM forms of 2, 3, 4, 6 and 7 bytes
 * (SDM Vol. 2A, CALL; Vol. 2, 2.1.5).
 */
static bool follows_call(uint64_t address)
{
	static const uint8_t lengths[] = {2, 3, 4, 6, 7};
	uint8_t code[7];

	if (address < sizeof(code) || !memory_read(address - sizeof(code), code, sizeof(code)))
		return false;
	if (code[2] == 0xe8)
		return true;
	for (size_t i = 0; i < sizeof(lengths); i++) {
		const uint8_t *call = code + sizeof(code) - lengths[i];

		if (call[0] == 0xff && (call[1] & 0x38) == 0x10)
			return true;
	}
	return false;
}

/* Follow the frame pointers; *@stack is left above the last frame. */
static unsigned int walk_chain(const struct hvm_regs *regs, uint64_t stack_high, uint64_t *stack,
			       struct backtrace_frame *frames, unsigned int room)
{
	uint64_t frame = regs->rbp;
	unsigned int n = 0;

	while (n < room && frame >= *stack && frame % 8 == 0 && frame < stack_high) {
		uint64_t pair[2]; /* the caller's frame pointer, the return address */

		if (!memory_read(frame, pair, sizeof(pair)) || !follows_call(pair[1]))
			break;
		frames[n++] = (struct backtrace_frame){.address = pair[1]};
		*stack = frame + 16;
		frame = pair[0];
	}
	return n;
}

static unsigned int scan_stack(uint64_t stack, const struct image *image, struct backtrace_frame *frames,
			       unsigned int room)
{
	uint64_t at = (stack + 7) & ~7ull;
	unsigned int n = 0;

	for (unsigned int done = 0; n < room && done < SCAN_BYTES; done += 8) {
		uint64_t word;

		if (!memory_read(at + done, &word, sizeof(word)))
			break;
		if (in_image(image, word) && follows_call(word))
			frames[n++] = (struct backtrace_frame){.address = word, .guessed = true};
	}
	return n;
}

unsigned int backtrace_walk(const struct hvm_regs *regs, const struct image *image, uint64_t stack_high,
			    struct backtrace_frame frames[BACKTRACE_MAX])
{
	uint64_t stack = regs->rsp;
	unsigned int n;

	frames[0] = (struct backtrace_frame){.address = regs->rip};
	n = 1 + walk_chain(regs, stack_high, &stack, frames + 1, BACKTRACE_MAX - 1);
	if (n < CHAIN_ENOUGH)
		n += scan_stack(stack, image, frames + n, SCAN_FRAMES);
	return n;
}

void backtrace_report(const struct program *program, const struct hvm_regs *regs)
{
	struct backtrace_frame frames[BACKTRACE_MAX];
	struct symbol symbols[BACKTRACE_MAX];
	unsigned int n = backtrace_walk(regs, &program->image, program->stack.high, frames);

	for (unsigned int i = 0; i < n; i++)
		/* A return address may be the first byte of the next function: look up the call before it. */
		symbols[i] = (struct symbol){.address = frames[i].address - program->image.bias - (i > 0)};
	symbol_resolve(program->fd, symbols, n);
	for (unsigned int i = 0; i < n; i++) {
		const char *guessed = frames[i].guessed ? " ?" : "";

		if (symbols[i].name[0])
			report_line("trace %u %#llx %s+%#llx%s", i, (unsigned long long)frames[i].address,
				    symbols[i].name, (unsigned long long)(symbols[i].offset + (i > 0)), guessed);
		else
			report_line("trace %u %#llx%s", i, (unsigned long long)frames[i].address, guessed);
	}
}
