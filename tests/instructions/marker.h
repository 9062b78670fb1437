/* SPDX-License-Identifier: Apache-2.0 */
/* Where an operation begins and ends, for plugin.c: NOP instructions with a number in their unused operand. */
#ifndef MARKER_H
#define MARKER_H

#define MARKER_MAGIC	  0x4856 /* "VH" */
#define MARKER_OPERATIONS 64

/* 0f 1f 80 imm32: nopl imm32(%rax). @operation is a constant below MARKER_OPERATIONS. */
#define MARKER(number)                                                                                                 \
	__asm__ volatile(".byte 0x0f, 0x1f, 0x80\n\t.long %c0" : : "i"(MARKER_MAGIC << 16 | (number)) : "memory")
#define MARKER_BEGIN(operation) MARKER(2 * (operation))
#define MARKER_END(operation)	MARKER(2 * (operation) + 1)

#endif
