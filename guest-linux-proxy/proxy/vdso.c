/* SPDX-License-Identifier: Apache-2.0 */
#include "vdso.h"

#include "region.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include <vdso/lookup.h>
#include <vdso/vdso.h>

#define PAGE 4096ull

extern const uint8_t vdso_start[], vdso_end[];

__asm__(".pushsection .rodata\n"
	".balign 16\n"
	"vdso_start: .incbin \"" HRT_VDSO "\"\n"
	"vdso_end:\n"
	".popsection");

/* Linux's own vDSO in this process runs on HRT cores as well, and reads the clocks. */
static void fill(struct hrt_vdso_data *data)
{
	uint64_t linux_base = getauxval(AT_SYSINFO_EHDR);

	*data = (struct hrt_vdso_data){
	    .clock_gettime = vdso_lookup(linux_base, "__vdso_clock_gettime"),
	    .gettimeofday = vdso_lookup(linux_base, "__vdso_gettimeofday"),
	    .time = vdso_lookup(linux_base, "__vdso_time"),
	    .clock_getres = vdso_lookup(linux_base, "__vdso_clock_getres"),
	};
}

static uint64_t mapped_size(void)
{
	return ((uint64_t)(vdso_end - vdso_start) + PAGE - 1) & ~(PAGE - 1);
}

int vdso_map(uint64_t *base, struct refusal *refusal)
{
	uint64_t size = (uint64_t)(vdso_end - vdso_start), mapped = mapped_size();
	void *at = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return refuse(refusal, errno, "no memory for the aerokernel's object (hrt-vdso.so)");
	region_add((uint64_t)at, mapped); /* libraries keep its addresses */
	memcpy(at, vdso_start, size);
	*base = (uint64_t)at;
	fill((struct hrt_vdso_data *)vdso_lookup(*base, "__hrt_data"));
	if (mprotect(at, mapped, PROT_READ | PROT_EXEC))
		return refuse(refusal, errno, "the aerokernel's object (hrt-vdso.so) cannot be made executable");
	return 0;
}

static bool is_gate(const char *name)
{
	static const char *const gates[] = {"__hrt_wait", "__hrt_wake", "__hrt_yield", "__hrt_self", "__hrt_interrupt"};

	for (size_t i = 0; i < sizeof(gates) / sizeof(*gates); i++)
		if (!strcmp(name, gates[i]))
			return true;
	return false;
}

int vdso_hide_gate(uint64_t base, struct refusal *refusal)
{
	const Elf64_Dyn *dynamic = vdso_dynamic(base);
	Elf64_Sym *symbols = (Elf64_Sym *)vdso_table(dynamic, base, DT_SYMTAB);
	const char *names = vdso_table(dynamic, base, DT_STRTAB);
	const Elf32_Word *hash = vdso_table(dynamic, base, DT_HASH); /* its second word counts the symbols */

	if (mprotect((void *)base, mapped_size(), PROT_READ | PROT_WRITE))
		goto refused;
	for (Elf32_Word i = 1; i < hash[1]; i++)
		if (is_gate(names + symbols[i].st_name)) {
			symbols[i].st_shndx = SHN_UNDEF;
			symbols[i].st_value = 0;
		}
	if (mprotect((void *)base, mapped_size(), PROT_READ | PROT_EXEC))
		goto refused;
	return 0;
refused:
	return refuse(refusal, errno, "the aerokernel's object (hrt-vdso.so) cannot be changed for ring 3");
}
