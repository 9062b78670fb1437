// SPDX-License-Identifier: Apache-2.0
/* Takes its HRT core away, as only a program in ring 0 can: in the way that its argument names. */
#include <stdio.h>
#include <string.h>

#include <hvm/partition.h>

#define NOINLINE __attribute__((noinline, noclone))

static volatile int rounds;

/* Nothing but an NMI gets through. */
static NOINLINE void spin_without_interrupts(void)
{
	__asm__ volatile("cli");
	for (;;)
		rounds = rounds + 1;
}

/*
 * What follows the aerokernel in its 2 MiB is zero: an instruction that writes to the address in rax. Without
 * interrupts: one that comes there is taken for the kernel's own, and fails elsewhere.
 */
static NOINLINE void jump_into_the_kernel(void)
{
	__asm__ volatile("cli; jmp *%0" : : "r"(HVM_IMAGE_VA + HVM_IMAGE_MAX - 0x1000), "a"(8ull));
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";

	puts("hanging");
	fflush(stdout);
	if (!strcmp(way, "spin"))
		spin_without_interrupts();
	else if (!strcmp(way, "panic"))
		jump_into_the_kernel();
	fprintf(stderr, "usage: hang spin|panic\n");
	return 2;
}
