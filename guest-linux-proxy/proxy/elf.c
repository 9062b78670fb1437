/* SPDX-License-Identifier: Apache-2.0 */
#include "elf.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096ull

typedef unsigned long long ull;

static uint64_t page_down(uint64_t address)
{
	return address & ~(PAGE - 1);
}

static uint64_t page_up(uint64_t address)
{
	return (address + PAGE - 1) & ~(PAGE - 1);
}

/* @offset .. @offset + @size lies inside 0 .. @end. */
static bool inside(uint64_t offset, uint64_t size, uint64_t end)
{
	return offset <= end && size <= end - offset;
}

static const char *machine_name(unsigned int machine)
{
	switch (machine) {
	case EM_386:
		return "32-bit x86";
	case EM_ARM:
		return "32-bit ARM";
	case EM_AARCH64:
		return "AArch64";
	case EM_PPC64:
		return "64-bit PowerPC";
	case EM_S390:
		return "S/390";
	case EM_RISCV:
		return "RISC-V";
	default:
		return "another machine";
	}
}

static int check_kind(const Elf64_Ehdr *header, struct refusal *refusal)
{
	switch (header->e_type) {
	case ET_EXEC:
	case ET_DYN:
		return 0;
	case ET_REL:
		return refuse(refusal, ENOEXEC, "it is an object file, not a program: link it first");
	case ET_CORE:
		return refuse(refusal, ENOEXEC, "it is a core dump, not a program");
	default:
		return refuse(refusal, ENOEXEC, "its ELF type is %u; allowed: 2 (EXEC) and 3 (DYN)", header->e_type);
	}
}

static int check_magic(const uint8_t *bytes, size_t size, struct refusal *refusal)
{
	if (size == 0)
		return refuse(refusal, ENOEXEC, "it is empty");
	if (size >= 2 && bytes[0] == '#' && bytes[1] == '!')
		return refuse(refusal, ENOEXEC,
			      "it is a script; name its interpreter as the program, e.g. -- /bin/busybox sh SCRIPT");
	if (size < SELFMAG || memcmp(bytes, ELFMAG, SELFMAG) != 0)
		return refuse(refusal, ENOEXEC, "it is not an ELF file");
	if (size < sizeof(Elf64_Ehdr))
		return refuse(refusal, ENOEXEC, "it is cut off: %zu bytes, and the ELF header alone needs %zu", size,
			      sizeof(Elf64_Ehdr));
	return 0;
}

static int check_identity(const Elf64_Ehdr *header, struct refusal *refusal)
{
	if (header->e_ident[EI_DATA] != ELFDATA2LSB)
		return refuse(refusal, ENOEXEC, "it is big-endian or damaged (data encoding %u); needed: x86-64",
			      header->e_ident[EI_DATA]);
	/* e_machine lies at the same place in both classes. */
	if (header->e_machine != EM_X86_64)
		return refuse(refusal, ENOEXEC, "it is a program for %s (ELF machine %u); needed: x86-64 (62)",
			      machine_name(header->e_machine), header->e_machine);
	if (header->e_ident[EI_CLASS] != ELFCLASS64)
		return refuse(refusal, ENOEXEC, "it is a 32-bit program (ELF class %u); needed: 64-bit (2)",
			      header->e_ident[EI_CLASS]);
	if (header->e_ident[EI_VERSION] != EV_CURRENT)
		return refuse(refusal, ENOEXEC, "its ELF version is %u; known: 1", header->e_ident[EI_VERSION]);
	return check_kind(header, refusal);
}

int elf_check_header(const uint8_t *bytes, size_t size, uint64_t file_size, Elf64_Ehdr *header, struct refusal *refusal)
{
	if (check_magic(bytes, size, refusal))
		return -1;
	memcpy(header, bytes, sizeof(*header));
	if (check_identity(header, refusal))
		return -1;
	if (header->e_phnum == 0)
		return refuse(refusal, ENOEXEC, "it has no program headers, so nothing to load");
	if (header->e_phentsize != sizeof(Elf64_Phdr))
		return refuse(refusal, ENOEXEC, "its program headers are %u bytes each; allowed: %zu",
			      header->e_phentsize, sizeof(Elf64_Phdr));
	if (header->e_phnum > ELF_HEADERS_MAX)
		return refuse(refusal, ENOEXEC, "it has %u program headers; allowed: %u", header->e_phnum,
			      ELF_HEADERS_MAX);
	if (!inside(header->e_phoff, (uint64_t)header->e_phnum * sizeof(Elf64_Phdr), file_size))
		return refuse(refusal, ENOEXEC,
			      "it is cut off or damaged: its program headers lie at %#llx, the file has %#llx bytes",
			      (ull)header->e_phoff, (ull)file_size);
	return 0;
}

static int protection_of(uint32_t flags)
{
	return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) | (flags & PF_X ? PROT_EXEC : 0);
}

static int check_alignment(const Elf64_Phdr *header, unsigned int index, struct refusal *refusal)
{
	if (header->p_align & (header->p_align - 1))
		return refuse(refusal, ENOEXEC, "segment %u: alignment %#llx is not a power of two", index,
			      (ull)header->p_align);
	if (header->p_align > ELF_ALIGN_MAX)
		return refuse(refusal, ENOEXEC, "segment %u: alignment %#llx; allowed: up to %#llx", index,
			      (ull)header->p_align, ELF_ALIGN_MAX);
	if ((header->p_vaddr ^ header->p_offset) & (PAGE - 1))
		return refuse(refusal, ENOEXEC,
			      "segment %u: address %#llx and file offset %#llx differ within a page, so it cannot be "
			      "mapped (linked with -N or -n?)",
			      index, (ull)header->p_vaddr, (ull)header->p_offset);
	return 0;
}

static int check_range(const Elf64_Phdr *header, unsigned int index, bool position_independent, uint64_t file_size,
		       struct refusal *refusal)
{
	uint64_t low = position_independent ? 0 : ELF_ADDRESS_MIN;

	if (header->p_filesz > header->p_memsz)
		return refuse(refusal, ENOEXEC, "segment %u: %#llx bytes in the file, but only %#llx in memory", index,
			      (ull)header->p_filesz, (ull)header->p_memsz);
	if (!inside(header->p_offset, header->p_filesz, file_size))
		return refuse(refusal, ENOEXEC,
			      "it is cut off or damaged: segment %u needs %#llx bytes at %#llx, the file has %#llx",
			      index, (ull)header->p_filesz, (ull)header->p_offset, (ull)file_size);
	if (header->p_vaddr < low || !inside(header->p_vaddr, header->p_memsz, ELF_ADDRESS_END))
		return refuse(refusal, header->p_memsz > ELF_ADDRESS_END ? ENOMEM : ENOEXEC,
			      "segment %u: %#llx bytes at %#llx; allowed: %#llx to %#llx", index, (ull)header->p_memsz,
			      (ull)header->p_vaddr, (ull)low, ELF_ADDRESS_END);
	return 0;
}

static int add_segment(const Elf64_Phdr *header, unsigned int index, uint64_t file_size, struct elf_program *program,
		       struct refusal *refusal)
{
	if (header->p_memsz == 0)
		return 0;
	if (check_range(header, index, program->position_independent, file_size, refusal) ||
	    check_alignment(header, index, refusal))
		return -1;
	if (program->segment_count && page_down(header->p_vaddr) < program->high)
		return refuse(refusal, ENOEXEC,
			      "segment %u at %#llx overlaps or precedes the one before it, which ends at %#llx", index,
			      (ull)header->p_vaddr, (ull)program->high);
	if (program->segment_count == ELF_SEGMENTS_MAX)
		return refuse(refusal, ENOEXEC, "more than %u loadable segments", ELF_SEGMENTS_MAX);
	if (program->segment_count == 0)
		program->low = page_down(header->p_vaddr);
	program->high = page_up(header->p_vaddr + header->p_memsz);
	if (header->p_align > program->align)
		program->align = header->p_align;
	program->segment[program->segment_count++] = (struct elf_segment){
	    .address = header->p_vaddr,
	    .offset = header->p_offset,
	    .file_size = header->p_filesz,
	    .memory_size = header->p_memsz,
	    .protection = protection_of(header->p_flags),
	};
	return 0;
}

/* Linux takes the first, too, if there are several. */
static int add_interpreter(const Elf64_Phdr *header, uint64_t file_size, struct elf_program *program,
			   struct refusal *refusal)
{
	if (program->interpreter_size)
		return 0;
	if (header->p_filesz < 2 || header->p_filesz > PATH_MAX)
		return refuse(refusal, ENOEXEC, "the path of its interpreter has %#llx bytes; allowed: 2 to %d",
			      (ull)header->p_filesz, PATH_MAX);
	if (!inside(header->p_offset, header->p_filesz, file_size))
		return refuse(
		    refusal, ENOEXEC,
		    "it is cut off or damaged: its interpreter's path lies at %#llx, the file has %#llx bytes",
		    (ull)header->p_offset, (ull)file_size);
	program->interpreter_offset = header->p_offset;
	program->interpreter_size = header->p_filesz;
	return 0;
}

static int add_header(const Elf64_Phdr *header, unsigned int index, uint64_t file_size, struct elf_program *program,
		      struct refusal *refusal)
{
	switch (header->p_type) {
	case PT_LOAD:
		return add_segment(header, index, file_size, program, refusal);
	case PT_INTERP:
		return add_interpreter(header, file_size, program, refusal);
	case PT_GNU_STACK:
		program->executable_stack = (header->p_flags & PF_X) != 0;
		return 0;
	default:
		return 0; /* PT_TLS, PT_GNU_RELRO and the like are for the program's own start code */
	}
}

/* Where the program finds its own headers (auxv AT_PHDR), as Linux computes it. */
static uint64_t headers_address(const Elf64_Ehdr *header, const struct elf_program *program)
{
	uint64_t size = (uint64_t)header->e_phnum * sizeof(Elf64_Phdr);

	for (unsigned int i = 0; i < program->segment_count; i++) {
		const struct elf_segment *segment = &program->segment[i];

		if (header->e_phoff >= segment->offset &&
		    inside(header->e_phoff - segment->offset, size, segment->file_size))
			return segment->address + (header->e_phoff - segment->offset);
	}
	return 0;
}

static bool entry_is_code(const struct elf_program *program)
{
	for (unsigned int i = 0; i < program->segment_count; i++) {
		const struct elf_segment *segment = &program->segment[i];

		if (segment->protection & PROT_EXEC && program->entry >= segment->address &&
		    program->entry - segment->address < segment->memory_size)
			return true;
	}
	return false;
}

int elf_check_segments(const Elf64_Ehdr *header, const uint8_t *table, uint64_t file_size, struct elf_program *program,
		       struct refusal *refusal)
{
	memset(program, 0, sizeof(*program));
	program->position_independent = header->e_type == ET_DYN;
	program->entry = header->e_entry;
	program->header_count = header->e_phnum;
	program->align = PAGE;
	for (unsigned int i = 0; i < header->e_phnum; i++) {
		Elf64_Phdr segment;

		memcpy(&segment, table + (size_t)i * sizeof(segment), sizeof(segment));
		if (add_header(&segment, i, file_size, program, refusal))
			return -1;
	}
	if (program->segment_count == 0)
		return refuse(refusal, ENOEXEC, "it has no loadable segment");
	if (!entry_is_code(program))
		return refuse(refusal, ENOEXEC, "its entry point %#llx lies in no executable segment%s",
			      (ull)program->entry, program->entry ? "" : " (a shared library is not a program)");
	program->headers = headers_address(header, program);
	return 0;
}
