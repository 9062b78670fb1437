/* SPDX-License-Identifier: Apache-2.0 */
#include "module_file.h"

#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADERS_MAX 64u

typedef unsigned long long ull;

/* What the dynamic section says, before it is judged. */
struct dynamic {
	struct module_range relr;
	uint64_t hash, gnu_hash;
	uint64_t needed; /* offset of a library's name */
	bool needs, starts, ends, text_relocations, is_program, rel;
};

void module_problem_set(struct module_problem *problem, int error, const char *format, ...)
{
	va_list list;

	problem->error = error;
	va_start(list, format);
	vsnprintf(problem->text, sizeof(problem->text), format, list);
	va_end(list);
}

static bool range_inside(const struct module_range *range, const struct module_image *image)
{
	return module_inside(range->at, range->size, image->size);
}

static int check_header(const Elf64_Ehdr *header, uint64_t size, struct module_problem *problem)
{
	if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
		return module_refuse(problem, ENOEXEC, "it is not an ELF file");
	if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
	    header->e_machine != EM_X86_64)
		return module_refuse(problem, ENOEXEC,
				     "it is for another machine (ELF machine %u); needed: x86-64 (62)",
				     header->e_machine);
	if (header->e_type == ET_REL)
		return module_refuse(problem, ENOEXEC, "it is an object file: link it with gcc -shared");
	if (header->e_type != ET_DYN)
		return module_refuse(problem, ENOEXEC, "it is no shared object (ELF type %u); link it with gcc -shared",
				     header->e_type);
	if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum == 0 || header->e_phnum > HEADERS_MAX)
		return module_refuse(problem, ENOEXEC, "it has %u program headers of %u bytes; allowed: 1 to %u of %zu",
				     header->e_phnum, header->e_phentsize, HEADERS_MAX, sizeof(Elf64_Phdr));
	if (!module_inside(header->e_phoff, (uint64_t)header->e_phnum * sizeof(Elf64_Phdr), size))
		return module_refuse(problem, ENOEXEC, "it is cut off: its program headers lie at %#llx of %#llx bytes",
				     (ull)header->e_phoff, (ull)size);
	return 0;
}

static Elf64_Phdr program_header(const uint8_t *file, const Elf64_Ehdr *header, unsigned int index)
{
	Elf64_Phdr segment;

	memcpy(&segment, file + header->e_phoff + index * sizeof(segment), sizeof(segment));
	return segment;
}

static int check_segment(const Elf64_Phdr *segment, const struct module_image *image, uint64_t file_size,
			 struct module_problem *problem)
{
	if (segment->p_filesz > segment->p_memsz || !module_inside(segment->p_offset, segment->p_filesz, file_size))
		return module_refuse(problem, ENOEXEC,
				     "it is cut off or damaged: a segment has %#llx bytes at %#llx, the file %#llx",
				     (ull)segment->p_filesz, (ull)segment->p_offset, (ull)file_size);
	if (!module_inside(segment->p_vaddr, segment->p_memsz, HVM_MODULE_SPAN) ||
	    !module_inside(segment->p_vaddr, segment->p_filesz, HVM_MODULE_IMAGE_MAX))
		return module_refuse(problem, E2BIG,
				     "a segment has %#llx bytes, %#llx of them in the file, at %#llx; allowed: %u MiB, "
				     "%u MiB of code and initial data",
				     (ull)segment->p_memsz, (ull)segment->p_filesz, (ull)segment->p_vaddr,
				     HVM_MODULE_SPAN >> 20, HVM_MODULE_IMAGE_MAX >> 20);
	if (segment->p_align > HVM_MEMORY_ALIGN)
		return module_refuse(problem, ENOEXEC, "a segment wants to be aligned to %#llx; allowed: up to 2 MiB",
				     (ull)segment->p_align);
	if (segment->p_vaddr < image->memory_size)
		return module_refuse(problem, ENOEXEC, "the segment at %#llx overlaps the one before it",
				     (ull)segment->p_vaddr);
	return 0;
}

static int add_segment(struct module_image *image, const Elf64_Phdr *segment, uint64_t file_size,
		       struct module_problem *problem)
{
	if (segment->p_memsz == 0)
		return 0;
	if (check_segment(segment, image, file_size, problem))
		return -1;
	image->memory_size = segment->p_vaddr + segment->p_memsz;
	if (segment->p_filesz)
		image->size = segment->p_vaddr + segment->p_filesz;
	return 0;
}

/* Sizes of the image, and where its dynamic section lies. */
static int measure(struct module_image *image, const uint8_t *file, uint64_t size, const Elf64_Ehdr *header,
		   struct module_range *dynamic, struct module_problem *problem)
{
	for (unsigned int i = 0; i < header->e_phnum; i++) {
		Elf64_Phdr segment = program_header(file, header, i);

		if (segment.p_type == PT_LOAD && add_segment(image, &segment, size, problem))
			return -1;
		if (segment.p_type == PT_INTERP)
			return module_refuse(problem, ENOEXEC, "it is a program; a module is linked with gcc -shared");
		if (segment.p_type == PT_TLS && segment.p_memsz)
			return module_refuse(problem, ENOEXEC,
					     "it has thread-local variables (__thread): an HRT module has one instance "
					     "for all processes, and no threads of its own");
		if (segment.p_type == PT_DYNAMIC)
			*dynamic = (struct module_range){segment.p_vaddr, segment.p_filesz};
	}
	if (image->size == 0)
		return module_refuse(problem, ENOEXEC, "it has nothing to load");
	if (!dynamic->size || !range_inside(dynamic, image))
		return module_refuse(problem, ENOEXEC, "it has no dynamic section, so no functions by name");
	return 0;
}

static int lay_out(struct module_image *image, const uint8_t *file, const Elf64_Ehdr *header,
		   struct module_problem *problem)
{
	image->bytes = calloc(1, image->size);
	if (!image->bytes)
		return module_refuse(problem, ENOMEM, "no memory for an image of %#llx bytes", (ull)image->size);
	for (unsigned int i = 0; i < header->e_phnum; i++) {
		Elf64_Phdr segment = program_header(file, header, i);

		if (segment.p_type == PT_LOAD && segment.p_memsz)
			memcpy(image->bytes + segment.p_vaddr, file + segment.p_offset, segment.p_filesz);
	}
	return 0;
}

static void note_entry(struct module_image *image, struct dynamic *dynamic, const Elf64_Dyn *entry)
{
	switch (entry->d_tag) {
	case DT_SYMTAB:
		image->symbols.at = entry->d_un.d_ptr;
		break;
	case DT_STRTAB:
		image->strings.at = entry->d_un.d_ptr;
		break;
	case DT_STRSZ:
		image->strings.size = entry->d_un.d_val;
		break;
	case DT_RELA:
		image->relocations.at = entry->d_un.d_ptr;
		break;
	case DT_RELASZ:
		image->relocations.size = entry->d_un.d_val;
		break;
	case DT_JMPREL:
		image->plt_relocations.at = entry->d_un.d_ptr;
		break;
	case DT_PLTRELSZ:
		image->plt_relocations.size = entry->d_un.d_val;
		break;
	case DT_HASH:
		dynamic->hash = entry->d_un.d_ptr;
		break;
	case DT_GNU_HASH:
		dynamic->gnu_hash = entry->d_un.d_ptr;
		break;
	case DT_NEEDED:
		dynamic->needs = true;
		dynamic->needed = entry->d_un.d_val;
		break;
	case DT_INIT:
	case DT_INIT_ARRAY:
	case DT_PREINIT_ARRAY:
		dynamic->starts = true;
		break;
	case DT_FINI:
	case DT_FINI_ARRAY:
		dynamic->ends = true;
		break;
	case DT_TEXTREL:
		dynamic->text_relocations = true;
		break;
	case DT_FLAGS:
		dynamic->text_relocations |= (entry->d_un.d_val & DF_TEXTREL) != 0;
		break;
	case DT_FLAGS_1:
		dynamic->is_program |= (entry->d_un.d_val & DF_1_PIE) != 0;
		break;
	case DT_REL:
		dynamic->rel = true;
		break;
	case DT_RELRSZ:
		dynamic->relr.size = entry->d_un.d_val;
		break;
	}
}

static void read_dynamic(struct module_image *image, const struct module_range *section, struct dynamic *dynamic)
{
	for (uint64_t at = 0; at + sizeof(Elf64_Dyn) <= section->size; at += sizeof(Elf64_Dyn)) {
		Elf64_Dyn entry;

		memcpy(&entry, image->bytes + section->at + at, sizeof(entry));
		if (entry.d_tag == DT_NULL)
			return;
		note_entry(image, dynamic, &entry);
	}
}

const char *module_image_string(const struct module_image *image, uint64_t offset)
{
	const char *string = (const char *)image->bytes + image->strings.at + offset;

	if (offset >= image->strings.size || !memchr(string, 0, image->strings.size - offset))
		return NULL;
	return string;
}

static int judge(const struct module_image *image, const struct dynamic *dynamic, struct module_problem *problem)
{
	const char *library = dynamic->needs ? module_image_string(image, dynamic->needed) : NULL;

	if (dynamic->is_program)
		return module_refuse(problem, ENOEXEC, "it is a program; a module is linked with gcc -shared");
	if (dynamic->needs)
		return module_refuse(problem, ENOEXEC,
				     "it needs the library %s, and there are none in the HRT: link it with -nostdlib",
				     library ? library : "(unnamed)");
	if (dynamic->text_relocations)
		return module_refuse(problem, ENOEXEC, "its code is not position-independent: compile it with -fPIC");
	if (dynamic->starts)
		return module_refuse(problem, ENOEXEC,
				     "it has constructors, which nobody would run: export a function that does their "
				     "work and call it (and link with -nostdlib)");
	if (dynamic->ends)
		return module_refuse(problem, ENOEXEC,
				     "it has destructors, which nobody would run (link with -nostdlib)");
	if (dynamic->relr.size || dynamic->rel)
		return module_refuse(problem, ENOEXEC,
				     "its relocations are packed or of the REL kind: link it without "
				     "-z pack-relative-relocs");
	return 0;
}

static bool load32(const struct module_image *image, uint64_t at, uint32_t *value)
{
	if (!module_inside(at, sizeof(*value), image->size))
		return false;
	memcpy(value, image->bytes + at, sizeof(*value));
	return true;
}

/* The symbols of a GNU hash table end where the chain of the last bucket ends. */
static bool count_by_gnu_hash(const struct module_image *image, uint64_t at, uint64_t *count)
{
	uint32_t buckets, first, words, hash, last = 0;
	uint64_t bucket, chain;

	if (!load32(image, at, &buckets) || !load32(image, at + 4, &first) || !load32(image, at + 8, &words))
		return false;
	bucket = at + 16 + (uint64_t)words * 8;
	chain = bucket + (uint64_t)buckets * 4;
	for (uint32_t i = 0, symbol; i < buckets; i++) {
		if (!load32(image, bucket + (uint64_t)i * 4, &symbol))
			return false;
		last = symbol > last ? symbol : last;
	}
	*count = first;
	if (last < first)
		return true;
	for (*count = last;; (*count)++) {
		if (!load32(image, chain + (*count - first) * 4, &hash))
			return false;
		if (hash & 1)
			break;
	}
	(*count)++;
	return true;
}

static bool count_by_hash(const struct module_image *image, uint64_t at, uint64_t *count)
{
	uint32_t chains;

	if (!load32(image, at + 4, &chains))
		return false;
	*count = chains;
	return true;
}

/* How many symbols there are only the hash tables tell. */
static int measure_symbols(struct module_image *image, const struct dynamic *dynamic, struct module_problem *problem)
{
	uint64_t count = 0;
	bool known = dynamic->gnu_hash ? count_by_gnu_hash(image, dynamic->gnu_hash, &count)
		     : dynamic->hash   ? count_by_hash(image, dynamic->hash, &count)
				       : false;

	image->symbols.size = count * sizeof(Elf64_Sym);
	if (!known || !range_inside(&image->symbols, image) || !range_inside(&image->strings, image))
		return module_refuse(problem, ENOEXEC, "its symbol table is missing or damaged");
	if (!range_inside(&image->relocations, image) || !range_inside(&image->plt_relocations, image))
		return module_refuse(problem, ENOEXEC, "its relocations lie outside its segments: it is damaged");
	return 0;
}

int module_image_read(struct module_image *image, const uint8_t *file, uint64_t size, struct module_problem *problem)
{
	struct dynamic dynamic = {.needs = false};
	struct module_range section = {0, 0};
	Elf64_Ehdr header;

	memset(image, 0, sizeof(*image));
	if (size < sizeof(header))
		return module_refuse(problem, ENOEXEC, "it is no ELF file: it has %llu bytes, and the header alone %zu",
				     (ull)size, sizeof(header));
	memcpy(&header, file, sizeof(header));
	if (check_header(&header, size, problem) || measure(image, file, size, &header, &section, problem) ||
	    lay_out(image, file, &header, problem))
		return -1;
	read_dynamic(image, &section, &dynamic);
	if (!range_inside(&image->strings, image))
		return module_refuse(problem, ENOEXEC, "its string table lies outside its segments: it is damaged");
	if (judge(image, &dynamic, problem))
		return -1;
	return measure_symbols(image, &dynamic, problem);
}

void module_image_free(struct module_image *image)
{
	free(image->bytes);
	image->bytes = NULL;
}
