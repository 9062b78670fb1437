/* SPDX-License-Identifier: Apache-2.0 */
#include "hrt.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#define PAGE	      4096ul
#define STACK_DEFAULT (64ul << 10)
#define STACK_MAX     (1ul << 40)

/* fiber.S */
void fiber_switch(void **save, void *load);
void fiber_first(void);

struct hrt_fiber {
	void *stack_pointer;	  /* while it does not run */
	void *runner_pointer;	  /* of who runs it, while it does */
	struct hrt_fiber *runner; /* NULL: no fiber */
	void (*function)(void *);
	void *argument;
	bool ended;
	uint8_t *memory; /* guard page and stack */
	size_t size;
};

__attribute__((visibility("hidden"))) _Noreturn void fiber_begin(struct hrt_fiber *fiber);

static __thread struct hrt_fiber *current;

/* Never inlined: the thread may be another after a switch, and its data lies elsewhere then. */
__attribute__((noinline, noipa)) struct hrt_fiber *hrt_fiber_self(void)
{
	return current;
}

__attribute__((noinline, noipa)) static void set_current(struct hrt_fiber *fiber)
{
	current = fiber;
}

_Noreturn void fiber_begin(struct hrt_fiber *fiber)
{
	fiber->function(fiber->argument);
	fiber->ended = true;
	fiber_switch(&fiber->stack_pointer, fiber->runner_pointer);
	__builtin_trap();
}

/* As if it had called fiber_switch: control words, r15 to r12, rbx, rbp, return address. */
static void prepare_stack(struct hrt_fiber *fiber)
{
	uint64_t *top = (uint64_t *)(fiber->memory + fiber->size);
	uint32_t mxcsr;
	uint16_t fcw;

	__asm__("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(fcw));
	*--top = 0;
	*--top = (uint64_t)fiber_first;
	for (int i = 0; i < 6; i++)
		*--top = 0;
	top[3] = (uint64_t)fiber; /* r12 */
	*--top = mxcsr | (uint64_t)fcw << 32;
	fiber->stack_pointer = top;
}

int hrt_fiber_create(struct hrt_fiber **created, size_t stack_size, void (*function)(void *), void *argument)
{
	struct hrt_fiber *fiber = calloc(1, sizeof(*fiber));

	if (!fiber || stack_size > STACK_MAX)
		goto no_memory;
	fiber->size = PAGE + ((stack_size ? stack_size : STACK_DEFAULT) + PAGE - 1) / PAGE * PAGE;
	fiber->memory =
	    mmap(NULL, fiber->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (fiber->memory == MAP_FAILED)
		goto no_memory;
	if (mprotect(fiber->memory + PAGE, fiber->size - PAGE, PROT_READ | PROT_WRITE)) {
		munmap(fiber->memory, fiber->size);
		goto no_memory;
	}
	fiber->function = function;
	fiber->argument = argument;
	prepare_stack(fiber);
	*created = fiber;
	return 0;
no_memory:
	free(fiber);
	return -ENOMEM;
}

bool hrt_fiber_run(struct hrt_fiber *fiber)
{
	if (fiber->ended)
		return true;
	fiber->runner = hrt_fiber_self();
	set_current(fiber);
	fiber_switch(&fiber->runner_pointer, fiber->stack_pointer);
	set_current(fiber->runner);
	return fiber->ended;
}

void hrt_fiber_yield(void)
{
	struct hrt_fiber *fiber = hrt_fiber_self();

	if (fiber)
		fiber_switch(&fiber->stack_pointer, fiber->runner_pointer);
}

void hrt_fiber_destroy(struct hrt_fiber *fiber)
{
	munmap(fiber->memory, fiber->size);
	free(fiber);
}
