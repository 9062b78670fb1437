#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""host-call.py WINDOW: a program of the host that calls functions on an HRT core (docs/host-calls.md).

WINDOW is what "hvm call VM --window" prints. The layout is hvm/window.h's. Python has no fences, but x86-64 keeps the
order of stores and of loads, and each word is read and written whole.
"""

import ctypes
import fcntl
import mmap
import os
import struct
import sys
import time

MAGIC = 0x31574F444E495748
REVISION = 1
NONE, SERVING = 0, 1
TABLE, FUNCTION_SIZE = 0x1000, 128
CHANNELS, CHANNEL_SIZE = 0x10000, 0x1000
POINTERS_SHIFT = 8
SILENCE_S = 5
STATUS = ["ok", "no such function", "memory outside the heap", "exception", "time limit", "the server lost its core"]


class Window:
    """One channel of a window, for one thread at a time."""

    def __init__(self, path):
        self.file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self.size = os.fstat(self.file).st_size
        self.memory = mmap.mmap(self.file, self.size)
        state = self._word32(64)
        magic, revision, self.generation, size, count, channels, _, self.limit_ms = struct.unpack_from(
            "<QIIQIIQI", self.memory, 0
        )
        if state != SERVING:
            raise ConnectionError("nobody serves the window: hvm call VM --window")
        if (magic, revision, size) != (MAGIC, REVISION, self.size) or count > 256 or not 1 <= channels <= 64:
            raise ValueError("the window holds what no server writes")
        self.functions = [self._name(i) for i in range(count)]
        self._claim(channels)

    def _name(self, index):
        at = TABLE + index * FUNCTION_SIZE
        return self.memory[at : at + 48].split(b"\0")[0].decode("ascii", "replace")

    def _claim(self, channels):
        heaps = CHANNELS + channels * CHANNEL_SIZE
        self.heap_size = (self.size - heaps) // channels & ~4095
        for index in range(channels):
            base = CHANNELS + index * CHANNEL_SIZE
            try:
                fcntl.lockf(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB, CHANNEL_SIZE, base)
            except OSError:
                continue
            self.line = (ctypes.c_uint64 * 8).from_buffer(self.memory, base)
            head = self.line[0]
            if head >> 16 & 0xFFFF == self.generation & 0xFFFF and self.line[7] & ~0xFFFF != head & ~0xFFFF:
                fcntl.lockf(self.file, fcntl.LOCK_UN, CHANNEL_SIZE, base)  # an earlier client's call still runs
                continue
            self.base, self.sequence, self.heap = base, head >> 32, heaps + index * self.heap_size
            return
        raise BlockingIOError("all channels of the window have clients")

    def _word32(self, offset):
        return struct.unpack_from("<I", self.memory, offset)[0]

    def call(self, name, *arguments):
        """Integers are one word; bytes are copied into the heap and are two, address and length."""
        words, pointers, used = [], 0, 0
        for argument in arguments:
            if isinstance(argument, (bytes, bytearray)):
                if len(argument) > self.heap_size - used:
                    raise MemoryError("the channel's heap is full")
                self.memory[self.heap + used : self.heap + used + len(argument)] = bytes(argument)
                pointers |= 1 << len(words)
                words += [self.heap + used, len(argument)]
                used = min(used + len(argument) + 63 & ~63, self.heap_size)
            else:
                words.append(argument & 0xFFFFFFFFFFFFFFFF)
        if len(words) > 6:
            raise ValueError("a call has at most six words")
        for i, word in enumerate(words):
            self.line[1 + i] = word
        self.sequence = self.sequence + 1 & 0xFFFFFFFF
        tag = self.sequence << 32 | (self.generation & 0xFFFF) << 16
        self.line[0] = tag | pointers << POINTERS_SHIFT | self.functions.index(name)
        self._wait(tag)
        status = self.line[7] & 0xFFFF
        if status:
            raise RuntimeError(f"{name}: {STATUS[status] if status < len(STATUS) else 'corrupt answer'}")
        return ctypes.c_int64(self.line[1]).value

    def _wait(self, tag):
        begin, looks = time.monotonic(), 0
        while self.line[7] & ~0xFFFF != tag:
            looks += 1
            if looks < 2000:
                continue
            if self._word32(12) != self.generation or self._word32(64) == NONE:
                if self.line[7] & ~0xFFFF == tag:
                    return
                raise ConnectionError("the server ended")
            if time.monotonic() - begin > self.limit_ms / 1000 + SILENCE_S:
                raise TimeoutError("the server does not answer")
            time.sleep(0.0002)


def main():
    if len(sys.argv) != 2:
        sys.exit("Usage: host-call.py WINDOW")
    window = Window(sys.argv[1])
    print("functions:", *window.functions)
    print("echo 42 =", window.call("echo", 42))
    print("sum of 0..999 =", window.call("sum", struct.pack("<1000q", *range(1000))))


if __name__ == "__main__":
    main()
