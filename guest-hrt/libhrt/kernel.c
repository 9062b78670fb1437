/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the aerokernel's object by the auxiliary vector and its symbol table, and takes Linux if there is none. */
#include "kernel.h"
#include "linux.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>

#define NS_PER_S 1000000000ull

/* The object's functions (guest-hrt/vdso/vdso.h). */
static struct {
	int64_t (*wait)(const uint32_t *word, uint32_t value, uint64_t ns);
	int64_t (*wake)(const uint32_t *word, uint32_t count);
	int64_t (*yield)(void);
	int64_t (*self)(void);
	int64_t (*interrupt)(uint64_t number, void (*function)(void *), void *argument);
	uint32_t (*core)(void);
} object;

struct kernel hrt_kernel;
static bool available;

static int object_wait(const uint32_t *word, uint32_t value, uint64_t deadline)
{
	uint64_t ns = HRT_FOREVER;
	int64_t result;

	if (deadline != HRT_FOREVER) {
		uint64_t now = hrt_now();

		if (deadline <= now)
			return -ETIMEDOUT;
		ns = deadline - now;
	}
	result = object.wait(word, value, ns);
	if (result == -EFAULT)
		load(word); /* the page comes, or the program dies of its own access */
	return result == -ETIMEDOUT ? -ETIMEDOUT : 0;
}

static int object_interrupt(struct hrt_thread *thread)
{
	return (int)object.interrupt(hrt_thread_name(thread), hrt_thread_interrupted, thread);
}

struct symbols {
	uint64_t base;
	const Elf64_Sym *table;
	const char *names;
	uint32_t count;
};

static const Elf64_Dyn *find_dynamic(uint64_t base)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)base;
	const Elf64_Phdr *segment = (const Elf64_Phdr *)(base + header->e_phoff);

	for (unsigned int i = 0; i < header->e_phnum; i++)
		if (segment[i].p_type == PT_DYNAMIC)
			return (const Elf64_Dyn *)(base + segment[i].p_vaddr);
	return NULL;
}

/* A vDSO's addresses are offsets; the second word of its hash table counts the symbols. */
static bool open_object(uint64_t base, struct symbols *symbols)
{
	const Elf64_Dyn *dynamic = base ? find_dynamic(base) : NULL;

	*symbols = (struct symbols){.base = base};
	for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++) {
		const void *at = (const void *)(base + dynamic->d_un.d_ptr);

		if (dynamic->d_tag == DT_SYMTAB)
			symbols->table = at;
		else if (dynamic->d_tag == DT_STRTAB)
			symbols->names = at;
		else if (dynamic->d_tag == DT_HASH)
			symbols->count = ((const uint32_t *)at)[1];
	}
	return symbols->table && symbols->names && symbols->count;
}

static bool find(const struct symbols *symbols, const char *name, void *function)
{
	for (uint32_t i = 1; i < symbols->count; i++) {
		const Elf64_Sym *symbol = &symbols->table[i];

		if (symbol->st_shndx == SHN_UNDEF || strcmp(symbols->names + symbol->st_name, name))
			continue;
		*(uint64_t *)function = symbols->base + symbol->st_value;
		return true;
	}
	return false;
}

static bool find_object(void)
{
	struct symbols symbols;

	return open_object(getauxval(AT_SYSINFO_EHDR), &symbols) && find(&symbols, "__hrt_wait", &object.wait) &&
	       find(&symbols, "__hrt_wake", &object.wake) && find(&symbols, "__hrt_yield", &object.yield) &&
	       find(&symbols, "__hrt_self", &object.self) && find(&symbols, "__hrt_interrupt", &object.interrupt) &&
	       find(&symbols, "__hrt_core", &object.core);
}

__attribute__((constructor(101))) static void choose(void)
{
	available = find_object();
	hrt_kernel = hrt_linux;
	if (available)
		hrt_kernel =
		    (struct kernel){object_wait, object.wake, object.yield, object_interrupt, object.self, object.core};
}

bool hrt_available(void)
{
	return available;
}

uint64_t hrt_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}
