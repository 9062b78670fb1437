/* SPDX-License-Identifier: Apache-2.0 */
/* Relocation of an HRT module's image, and the functions that it offers. */
#include "module_file.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull;

static Elf64_Sym symbol_at(const struct module_image *image, uint64_t index)
{
	Elf64_Sym symbol;

	memcpy(&symbol, image->bytes + image->symbols.at + index * sizeof(symbol), sizeof(symbol));
	return symbol;
}

static const char *name_of(const struct module_image *image, const Elf64_Sym *symbol)
{
	const char *name = module_image_string(image, symbol->st_name);

	return name ? name : "(unnamed)";
}

/* What a relocation's symbol is worth in a module at @address. */
static int resolve(const struct module_image *image, uint64_t index, uint64_t address, uint64_t *value,
		   struct module_problem *problem)
{
	Elf64_Sym symbol;

	*value = 0;
	if (index >= image->symbols.size / sizeof(symbol))
		return module_refuse(problem, ENOEXEC, "a relocation names symbol %llu of %llu: it is damaged",
				     (ull)index, (ull)(image->symbols.size / sizeof(symbol)));
	symbol = symbol_at(image, index);
	if (symbol.st_shndx == SHN_UNDEF && (index == 0 || ELF64_ST_BIND(symbol.st_info) == STB_WEAK))
		return 0;
	if (symbol.st_shndx == SHN_UNDEF)
		return module_refuse(problem, ENOEXEC,
				     "it needs \"%s\", which is not in it: link it in (memcpy and its like are in "
				     "libhvm_module.a)",
				     name_of(image, &symbol));
	if (ELF64_ST_TYPE(symbol.st_info) == STT_GNU_IFUNC)
		return module_refuse(problem, ENOEXEC,
				     "\"%s\" is chosen when it is loaded (ifunc), which is not served",
				     name_of(image, &symbol));
	if (symbol.st_shndx == SHN_ABS)
		*value = symbol.st_value;
	else if (symbol.st_value <= image->memory_size)
		*value = address + symbol.st_value;
	else
		return module_refuse(problem, ENOEXEC, "\"%s\" lies at %#llx, outside its segments: it is damaged",
				     name_of(image, &symbol), (ull)symbol.st_value);
	return 0;
}

static int relocate_one(struct module_image *image, const Elf64_Rela *relocation, uint64_t address,
			struct module_problem *problem)
{
	uint64_t value = 0;

	switch (ELF64_R_TYPE(relocation->r_info)) {
	case R_X86_64_NONE:
		return 0;
	case R_X86_64_RELATIVE:
		value = address + (uint64_t)relocation->r_addend;
		break;
	case R_X86_64_64:
		if (resolve(image, ELF64_R_SYM(relocation->r_info), address, &value, problem))
			return -1;
		value += (uint64_t)relocation->r_addend;
		break;
	case R_X86_64_GLOB_DAT:
	case R_X86_64_JUMP_SLOT:
		if (resolve(image, ELF64_R_SYM(relocation->r_info), address, &value, problem))
			return -1;
		break;
	case R_X86_64_IRELATIVE:
		return module_refuse(problem, ENOEXEC,
				     "a function of it is chosen when it is loaded (ifunc), which is not served");
	default:
		return module_refuse(problem, ENOEXEC,
				     "it has a relocation of kind %u; served: 1, 6, 7 and 8 (compile it with -fPIC and "
				     "without thread-local variables)",
				     (unsigned int)ELF64_R_TYPE(relocation->r_info));
	}
	if (!module_inside(relocation->r_offset, sizeof(value), image->size))
		return module_refuse(problem, ENOEXEC,
				     "a relocation concerns %#llx, outside its segments: it is damaged",
				     (ull)relocation->r_offset);
	memcpy(image->bytes + relocation->r_offset, &value, sizeof(value));
	return 0;
}

/* The table lies in the image itself, which a hostile one changes on the way: each entry is copied before its check. */
static int relocate(struct module_image *image, const struct module_range *table, uint64_t address,
		    struct module_problem *problem)
{
	for (uint64_t at = 0; at + sizeof(Elf64_Rela) <= table->size; at += sizeof(Elf64_Rela)) {
		Elf64_Rela relocation;

		memcpy(&relocation, image->bytes + table->at + at, sizeof(relocation));
		if (relocate_one(image, &relocation, address, problem))
			return -1;
	}
	return 0;
}

int module_image_relocate(struct module_image *image, uint64_t address, struct module_problem *problem)
{
	if (relocate(image, &image->relocations, address, problem))
		return -1;
	return relocate(image, &image->plt_relocations, address, problem);
}

static bool is_offered(const Elf64_Sym *symbol)
{
	unsigned int visibility = ELF64_ST_VISIBILITY(symbol->st_other);

	return ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && ELF64_ST_BIND(symbol->st_info) != STB_LOCAL &&
	       symbol->st_shndx != SHN_UNDEF && symbol->st_shndx != SHN_ABS &&
	       (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

static int offer(const struct module_image *image, const Elf64_Sym *symbol, uint64_t address,
		 struct hvm_module_symbol *offered, struct module_problem *problem)
{
	const char *name = module_image_string(image, symbol->st_name);
	size_t length = name ? strlen(name) : 0;

	if (length == 0 || length >= HVM_SYMBOL_MAX)
		return module_refuse(problem, ENOEXEC, "the name of a function has %zu bytes; allowed: 1 to %u (%.40s)",
				     length, HVM_SYMBOL_MAX - 1, name ? name : "");
	if (symbol->st_value >= image->memory_size || symbol->st_size > image->memory_size - symbol->st_value)
		return module_refuse(problem, ENOEXEC, "\"%s\" lies at %#llx, outside its segments: it is damaged",
				     name, (ull)symbol->st_value);
	memset(offered, 0, sizeof(*offered));
	memcpy(offered->name, name, length);
	offered->address = address + symbol->st_value;
	offered->size = symbol->st_size;
	return 0;
}

int module_image_functions(const struct module_image *image, uint64_t address, struct hvm_module_symbol **symbols,
			   uint32_t *count, struct module_problem *problem)
{
	uint64_t total = image->symbols.size / sizeof(Elf64_Sym);
	struct hvm_module_symbol *offered = calloc(HVM_MODULE_SYMBOLS, sizeof(*offered));
	uint32_t n = 0;

	if (!offered)
		return module_refuse(problem, ENOMEM, "no memory for the names of its functions");
	for (uint64_t i = 1; i < total; i++) {
		Elf64_Sym symbol = symbol_at(image, i);

		if (!is_offered(&symbol))
			continue;
		if (n == HVM_MODULE_SYMBOLS)
			module_problem_set(problem, E2BIG,
					   "it has more than %u global functions; hide those that "
					   "nobody calls (-fvisibility=hidden)",
					   HVM_MODULE_SYMBOLS);
		if (n == HVM_MODULE_SYMBOLS || offer(image, &symbol, address, &offered[n], problem)) {
			free(offered);
			return -1;
		}
		n++;
	}
	if (n == 0) {
		free(offered);
		return module_refuse(problem, ENOEXEC, "it has no global function, so nothing could be called");
	}
	*symbols = offered;
	*count = n;
	return 0;
}
