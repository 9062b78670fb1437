/* SPDX-License-Identifier: Apache-2.0 */
#include "elf_builder.h"

#include <stddef.h>

struct built built_program(void)
{
	return (struct built){
	    .header =
		{
		    .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		    .e_type = ET_EXEC,
		    .e_machine = EM_X86_64,
		    .e_version = EV_CURRENT,
		    .e_entry = 0x400100,
		    .e_phoff = offsetof(struct built, segment),
		    .e_ehsize = sizeof(Elf64_Ehdr),
		    .e_phentsize = sizeof(Elf64_Phdr),
		    .e_phnum = 4,
		},
	    .segment =
		{
		    {.p_type = PT_LOAD,
		     .p_flags = PF_R | PF_X,
		     .p_offset = 0,
		     .p_vaddr = 0x400000,
		     .p_filesz = 0x1800,
		     .p_memsz = 0x1800,
		     .p_align = 0x1000},
		    {.p_type = PT_LOAD,
		     .p_flags = PF_R | PF_W,
		     .p_offset = 0x2010,
		     .p_vaddr = 0x403010,
		     .p_filesz = 0x200,
		     .p_memsz = 0x5000,
		     .p_align = 0x1000},
		    {.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W},
		    {.p_type = PT_TLS, .p_offset = 0x2010, .p_vaddr = 0x403010, .p_filesz = 0x10, .p_memsz = 0x20},
		},
	};
}

struct built built_dynamic_program(void)
{
	struct built file = built_program();

	file.segment[3] = (Elf64_Phdr){.p_type = PT_INTERP, .p_offset = 0x2f00, .p_filesz = 0x20};
	return file;
}
