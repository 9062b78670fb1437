/* SPDX-License-Identifier: Apache-2.0 */
#include "symbol.h"

#include <elf.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define SECTIONS_MAX 4096u
#define SYMBOLS_MAX  (4u << 20)
#define CHUNK	     64u
#define ASSEMBLY_MAX 4096u /* a symbol without a size, as in assembly, reaches at most this far */
#define RESOLVE_MAX  64u

struct best {
	uint64_t value;
	uint32_t name;
	bool found;
};

static bool read_exactly(int fd, void *to, size_t size, uint64_t offset)
{
	return offset <= INT64_MAX && pread(fd, to, size, (off_t)offset) == (ssize_t)size;
}

static bool read_section(int fd, const Elf64_Ehdr *header, unsigned int index, Elf64_Shdr *section)
{
	uint64_t offset;

	return index < header->e_shnum && !__builtin_add_overflow(header->e_shoff, index * sizeof(*section), &offset) &&
	       read_exactly(fd, section, sizeof(*section), offset);
}

/* The symbol table of this section type and the string table that belongs to it. */
static bool find_tables(int fd, uint32_t type, Elf64_Shdr *symbols, Elf64_Shdr *strings)
{
	Elf64_Ehdr header;

	if (!read_exactly(fd, &header, sizeof(header), 0) || header.e_shentsize != sizeof(Elf64_Shdr) ||
	    header.e_shnum > SECTIONS_MAX)
		return false;
	for (unsigned int i = 0; i < header.e_shnum; i++) {
		if (!read_section(fd, &header, i, symbols))
			return false;
		if (symbols->sh_type == type)
			return symbols->sh_entsize == sizeof(Elf64_Sym) &&
			       read_section(fd, &header, symbols->sh_link, strings);
	}
	return false;
}

bool symbol_address(int fd, uint64_t offset, uint64_t *address)
{
	Elf64_Ehdr header;

	if (!read_exactly(fd, &header, sizeof(header), 0) || header.e_phentsize != sizeof(Elf64_Phdr))
		return false;
	for (unsigned int i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr segment;
		uint64_t at;

		if (__builtin_add_overflow(header.e_phoff, i * sizeof(segment), &at) ||
		    !read_exactly(fd, &segment, sizeof(segment), at))
			return false;
		if (segment.p_type != PT_LOAD || offset < segment.p_offset ||
		    offset - segment.p_offset >= segment.p_filesz)
			continue;
		*address = segment.p_vaddr + (offset - segment.p_offset);
		return true;
	}
	return false;
}

static bool contains(const Elf64_Sym *symbol, uint64_t address)
{
	unsigned int type = ELF64_ST_TYPE(symbol->st_info);
	uint64_t size = symbol->st_size ? symbol->st_size : ASSEMBLY_MAX;

	if (symbol->st_shndx == SHN_UNDEF || symbol->st_shndx == SHN_ABS)
		return false;
	if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE)
		return false;
	return address >= symbol->st_value && address - symbol->st_value < size;
}

static void match(const Elf64_Sym *symbol, const struct symbol *symbols, struct best *best, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (contains(symbol, symbols[i].address) && (!best[i].found || symbol->st_value > best[i].value))
			best[i] = (struct best){.value = symbol->st_value, .name = symbol->st_name, .found = true};
}

static void read_name(int fd, const Elf64_Shdr *strings, uint32_t offset, char name[SYMBOL_NAME_MAX])
{
	uint64_t at;
	ssize_t n;

	if (offset >= strings->sh_size || __builtin_add_overflow(strings->sh_offset, offset, &at) || at > INT64_MAX)
		return;
	n = pread(fd, name, SYMBOL_NAME_MAX - 1, (off_t)at);
	name[n > 0 ? n : 0] = 0;
}

void symbol_resolve(int fd, struct symbol *symbols, unsigned int count)
{
	struct best best[RESOLVE_MAX] = {0};
	Elf64_Shdr table, strings;
	uint64_t total;

	if (count > RESOLVE_MAX)
		count = RESOLVE_MAX;
	for (unsigned int i = 0; i < count; i++)
		symbols[i].name[0] = 0;
	if (!find_tables(fd, SHT_SYMTAB, &table, &strings) && !find_tables(fd, SHT_DYNSYM, &table, &strings))
		return;
	total = table.sh_size / sizeof(Elf64_Sym);
	for (uint64_t i = 0; i < total && i < SYMBOLS_MAX; i += CHUNK) {
		Elf64_Sym chunk[CHUNK];
		uint64_t wanted = total - i < CHUNK ? total - i : CHUNK;
		uint64_t at;

		if (__builtin_add_overflow(table.sh_offset, i * sizeof(Elf64_Sym), &at) ||
		    !read_exactly(fd, chunk, wanted * sizeof(Elf64_Sym), at))
			break;
		for (uint64_t j = 0; j < wanted; j++)
			match(&chunk[j], symbols, best, count);
	}
	for (unsigned int i = 0; i < count; i++) {
		if (!best[i].found)
			continue;
		symbols[i].offset = symbols[i].address - best[i].value;
		read_name(fd, &strings, best[i].name, symbols[i].name);
	}
}
