/* SPDX-License-Identifier: Apache-2.0 */
/* Names of addresses, from the symbol table of an ELF file: .symtab, or .dynsym if it is stripped. The file is hostile;
 * memory need is constant. */
#ifndef PROXY_SYMBOL_H
#define PROXY_SYMBOL_H

#include <stdbool.h>
#include <stdint.h>

#define SYMBOL_NAME_MAX 96

struct symbol {
	uint64_t address;	    /* in: as linked */
	uint64_t offset;	    /* out: of address from the symbol's start */
	char name[SYMBOL_NAME_MAX]; /* out: empty if no function contains the address */
};

/** The address as linked of byte @offset of the file, if a segment loads it; else false. */
bool symbol_address(int fd, uint64_t offset, uint64_t *address);

/** Resolve all of @symbols in one pass over the table. Stripped or damaged files leave names empty. */
void symbol_resolve(int fd, struct symbol *symbols, unsigned int count);

#endif
