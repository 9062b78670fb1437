#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Holds the linked aerokernel to its rules: no vector instruction, no red zone trick, no undefined symbol.
set -eu
elf=$1
if objdump -d --no-show-raw-insn "$elf" | grep -E '%(x|y|z)mm[0-9]' | head -3 | grep .; then
	echo "$elf: the kernel uses vector registers, which hold the program's state" >&2
	exit 1
fi
if nm -u "$elf" | grep .; then
	echo "$elf: undefined symbols" >&2
	exit 1
fi
echo "$elf: ok, $(size "$elf" | awk 'NR==2 {print $1 " bytes text, " $2 " data, " $3 " bss"}')"
