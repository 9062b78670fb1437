/* SPDX-License-Identifier: Apache-2.0 */
#include "vdso.h"

#include "region.h"

#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include <vdso/vdso.h>

#define PAGE 4096ull

extern const uint8_t vdso_start[], vdso_end[];

__asm__(".pushsection .rodata\n"
	".balign 16\n"
	"vdso_start: .incbin \"" HRT_VDSO "\"\n"
	"vdso_end:\n"
	".popsection");

/* Of an object without bias to its addresses but @base, as both vDSOs are. */
static const void *table(const Elf64_Dyn *dynamic, uint64_t base, Elf64_Sxword tag)
{
	for (; dynamic->d_tag != DT_NULL; dynamic++)
		if (dynamic->d_tag == tag)
			return (const void *)(base + dynamic->d_un.d_ptr);
	return NULL;
}

static const Elf64_Dyn *find_dynamic(uint64_t base)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)base;
	const Elf64_Phdr *segment = (const Elf64_Phdr *)(base + header->e_phoff);

	for (unsigned int i = 0; i < header->e_phnum; i++)
		if (segment[i].p_type == PT_DYNAMIC)
			return (const Elf64_Dyn *)(base + segment[i].p_vaddr);
	return NULL;
}

uint64_t vdso_symbol(uint64_t base, const char *name)
{
	const Elf64_Dyn *dynamic = base ? find_dynamic(base) : NULL;
	const Elf64_Sym *symbols;
	const Elf32_Word *hash;
	const char *names;

	if (!dynamic)
		return 0;
	symbols = table(dynamic, base, DT_SYMTAB);
	names = table(dynamic, base, DT_STRTAB);
	hash = table(dynamic, base, DT_HASH); /* its second word counts the symbols */
	if (!symbols || !names || !hash)
		return 0;
	for (Elf32_Word i = 1; i < hash[1]; i++)
		if (symbols[i].st_shndx != SHN_UNDEF && !strcmp(names + symbols[i].st_name, name))
			return base + symbols[i].st_value;
	return 0;
}

/* Linux's own vDSO in this process runs on HRT cores as well, and reads the clocks. */
static void fill(struct hrt_vdso_data *data)
{
	uint64_t linux_base = getauxval(AT_SYSINFO_EHDR);

	*data = (struct hrt_vdso_data){
	    .clock_gettime = vdso_symbol(linux_base, "__vdso_clock_gettime"),
	    .gettimeofday = vdso_symbol(linux_base, "__vdso_gettimeofday"),
	    .time = vdso_symbol(linux_base, "__vdso_time"),
	    .clock_getres = vdso_symbol(linux_base, "__vdso_clock_getres"),
	};
}

int vdso_map(uint64_t *base, struct refusal *refusal)
{
	uint64_t size = (uint64_t)(vdso_end - vdso_start), mapped = (size + PAGE - 1) & ~(PAGE - 1);
	void *at = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return refuse(refusal, errno, "no memory for the aerokernel's object (hrt-vdso.so)");
	region_add((uint64_t)at, mapped); /* libraries keep its addresses */
	memcpy(at, vdso_start, size);
	*base = (uint64_t)at;
	fill((struct hrt_vdso_data *)vdso_symbol(*base, "__hrt_data"));
	if (mprotect(at, mapped, PROT_READ | PROT_EXEC))
		return refuse(refusal, errno, "the aerokernel's object (hrt-vdso.so) cannot be made executable");
	return 0;
}
