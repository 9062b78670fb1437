/* SPDX-License-Identifier: Apache-2.0 */
/* How an address on a stack is known for a return address. Freestanding; the proxy has the same code. */
#ifndef LIBHVM_RETURN_ADDRESS_H
#define LIBHVM_RETURN_ADDRESS_H

#include <hvm/partition.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CALL_BYTES 7u /* of the longest call */

/**
 * True if the last of the bytes are a call: E8 rel32, or FF /2 with its ModRM forms of 2, 3, 4, 6 and 7 bytes
 * (SDM Vol. 2A, CALL; Vol. 2, 2.1.5).
 */
static inline bool ends_in_call(const uint8_t code[CALL_BYTES])
{
	static const uint8_t lengths[] = {2, 3, 4, 6, 7};

	if (code[2] == 0xe8)
		return true;
	for (size_t i = 0; i < sizeof(lengths); i++) {
		const uint8_t *call = code + CALL_BYTES - lengths[i];

		if (call[0] == 0xff && (call[1] & 0x38) == 0x10)
			return true;
	}
	return false;
}

/** True in the code of HRT modules: it is in the HRT's half, and nothing of it can be read from the program's. */
static inline bool in_module(uint64_t address)
{
	return address - HVM_MODULE_VA < HVM_MODULE_SPAN;
}

#endif
