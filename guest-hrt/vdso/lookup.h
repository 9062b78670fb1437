/* SPDX-License-Identifier: Apache-2.0 */
/* Symbols of an object that lies in memory as a vDSO does: one mapping, addresses as linked to zero. */
#ifndef HRT_VDSO_LOOKUP_H
#define HRT_VDSO_LOOKUP_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline const Elf64_Dyn *vdso_dynamic(uint64_t base)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)base;
	const Elf64_Phdr *segment = (const Elf64_Phdr *)(base + header->e_phoff);

	for (unsigned int i = 0; i < header->e_phnum; i++)
		if (segment[i].p_type == PT_DYNAMIC)
			return (const Elf64_Dyn *)(base + segment[i].p_vaddr);
	return NULL;
}

static inline const void *vdso_table(const Elf64_Dyn *dynamic, uint64_t base, Elf64_Sxword tag)
{
	for (; dynamic->d_tag != DT_NULL; dynamic++)
		if (dynamic->d_tag == tag)
			return (const void *)(base + dynamic->d_un.d_ptr);
	return NULL;
}

/** The address of @name in the object at @base (0: there is none); 0 if it has no such symbol. */
static inline uint64_t vdso_lookup(uint64_t base, const char *name)
{
	const Elf64_Dyn *dynamic = base ? vdso_dynamic(base) : NULL;
	const Elf64_Sym *symbols;
	const Elf32_Word *hash;
	const char *names;

	if (!dynamic)
		return 0;
	symbols = (const Elf64_Sym *)vdso_table(dynamic, base, DT_SYMTAB);
	names = (const char *)vdso_table(dynamic, base, DT_STRTAB);
	hash = (const Elf32_Word *)vdso_table(dynamic, base, DT_HASH); /* its second word counts the symbols */
	if (!symbols || !names || !hash)
		return 0;
	for (Elf32_Word i = 1; i < hash[1]; i++)
		if (symbols[i].st_shndx != SHN_UNDEF && !strcmp(names + symbols[i].st_name, name))
			return base + symbols[i].st_value;
	return 0;
}

#endif
