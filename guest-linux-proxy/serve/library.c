/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of shared objects: every function that one exports is offered under its name. The dynamic linker's own
 * tables tell them (System V ABI, "Dynamic Linking"; the GNU hash table tells how many symbols there are).
 */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#include "serve.h"

struct symbols {
	const Elf64_Sym *symbol;
	const char *names;
	uint32_t count;
};

/* Symbols that the table holds: one more than the last one of the longest chain. */
static uint32_t count_by_gnu_hash(const uint32_t *hash)
{
	uint32_t buckets = hash[0], first = hash[1], last = 0;
	const uint32_t *bucket = (const uint32_t *)((const uint64_t *)(hash + 4) + hash[2]);
	const uint32_t *chain = bucket + buckets;

	for (uint32_t i = 0; i < buckets; i++)
		last = bucket[i] > last ? bucket[i] : last;
	if (last < first)
		return first;
	while (!(chain[last - first] & 1))
		last++;
	return last + 1;
}

static void find_symbols(const struct link_map *map, struct symbols *symbols)
{
	*symbols = (struct symbols){NULL, NULL, 0};
	for (const Elf64_Dyn *entry = map->l_ld; entry->d_tag != DT_NULL; entry++)
		switch (entry->d_tag) {
		case DT_SYMTAB:
			symbols->symbol = (const Elf64_Sym *)entry->d_un.d_ptr;
			break;
		case DT_STRTAB:
			symbols->names = (const char *)entry->d_un.d_ptr;
			break;
		case DT_HASH:
			symbols->count = ((const uint32_t *)entry->d_un.d_ptr)[1];
			break;
		case DT_GNU_HASH:
			symbols->count = count_by_gnu_hash((const uint32_t *)entry->d_un.d_ptr);
			break;
		}
}

static bool is_offered(const Elf64_Sym *symbol, const char *name)
{
	return ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && ELF64_ST_BIND(symbol->st_info) == STB_GLOBAL &&
	       symbol->st_shndx != SHN_UNDEF && ELF64_ST_VISIBILITY(symbol->st_other) == STV_DEFAULT &&
	       strcmp(name, "_init") && strcmp(name, "_fini");
}

bool library_add(struct table *table, const char *file)
{
	void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	struct link_map *map = NULL;
	struct symbols symbols;
	const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;
	unsigned int before = table->count;

	if (!library || dlinfo(library, RTLD_DI_LINKMAP, &map)) {
		fprintf(stderr, "hvm-serve: library %s cannot be loaded: %s\n", file, dlerror());
		return false;
	}
	find_symbols(map, &symbols);
	for (uint32_t i = 0; i < symbols.count; i++) {
		const Elf64_Sym *symbol = &symbols.symbol[i];
		const char *name = symbols.names + symbol->st_name;

		if (is_offered(symbol, name) &&
		    !table_add(table, name, base, (serve_function *)(map->l_addr + symbol->st_value)))
			return false;
	}
	if (table->count == before)
		fprintf(stderr, "hvm-serve: library %s exports no function\n", file);
	return table->count > before;
}

void library_where(uint64_t address, char *text, size_t size)
{
	Dl_info info;

	if (!dladdr((void *)address, &info) || !info.dli_fname)
		snprintf(text, size, "in no file");
	else if (info.dli_sname)
		snprintf(text, size, "%s+0x%llx (%s)", info.dli_sname,
			 (unsigned long long)(address - (uint64_t)info.dli_saddr), info.dli_fname);
	else
		snprintf(text, size, "0x%llx (%s)", (unsigned long long)(address - (uint64_t)info.dli_fbase),
			 info.dli_fname);
}
