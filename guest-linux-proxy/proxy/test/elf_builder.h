/* SPDX-License-Identifier: Apache-2.0 */
/* Small ELF files for tests, valid unless a test damages them. */
#ifndef PROXY_ELF_BUILDER_H
#define PROXY_ELF_BUILDER_H

#include <elf.h>
#include <stdint.h>

#define BUILDER_FILE_SIZE 0x3000u

struct built {
	Elf64_Ehdr header;
	Elf64_Phdr segment[4]; /* text, data with bss, GNU_STACK, TLS */
};

/** A two-segment ET_EXEC program at 0x400000 with 0x3000 bytes of file. */
struct built built_program(void);

/** The same with a PT_INTERP in place of PT_TLS: a path of 0x20 bytes at 0x2f00. */
struct built built_dynamic_program(void);

#endif
