// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * What the head of a file says about the program in it, after the System V ABI (gabi, chapters 4 and 5). Believes
 * nothing: every offset and count is checked against the file before it is used.
 *
 * @param kind what the file is; the other fields hold only for {@link Kind#PROGRAM}
 * @param interpreter the dynamic linker that the program asks for (PT_INTERP), or null if it is static
 * @param detail for every other kind: the value that was found, for people
 */
public record ElfFile(Kind kind, String interpreter, String detail) {
    /** What a file can turn out to be. */
    public enum Kind {
        /** An executable, ET_EXEC or position-independent, for 64-bit x86. */
        PROGRAM,
        EMPTY,
        SCRIPT,
        NOT_ELF,
        WRONG_CLASS,
        WRONG_MACHINE,
        /** An object file, a core dump, a shared library. */
        NOT_EXECUTABLE_TYPE,
        DAMAGED
    }

    private static final int HEADER_SIZE = 64;
    private static final int SEGMENT_SIZE = 56;
    private static final int MAX_SEGMENTS = 4096;
    private static final int MAX_INTERPRETER = 4096;
    private static final int MAX_SCRIPT_LINE = 128;

    private static final byte CLASS_64 = 2;
    private static final byte LITTLE_ENDIAN = 1;
    private static final int MACHINE_X86_64 = 62;

    private static final int TYPE_RELOCATABLE = 1;
    private static final int TYPE_EXECUTABLE = 2;
    private static final int TYPE_SHARED = 3;
    private static final int TYPE_CORE = 4;

    private static final int SEGMENT_LOAD = 1;
    private static final int SEGMENT_INTERPRETER = 3;

    public static ElfFile read(Path file) throws IOException {
        try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return read(channel);
        }
    }

    private static ElfFile read(FileChannel channel) throws IOException {
        ByteBuffer header = readAt(channel, 0, Math.max(HEADER_SIZE, MAX_SCRIPT_LINE));
        if (header.remaining() == 0) {
            return other(Kind.EMPTY, "0 bytes");
        }
        if (header.remaining() >= 2 && header.get(0) == '#' && header.get(1) == '!') {
            return other(Kind.SCRIPT, firstLine(header));
        }
        if (header.remaining() < 4 || header.order(ByteOrder.BIG_ENDIAN).getInt(0) != 0x7f454c46) {
            return other(Kind.NOT_ELF, "it begins with " + hex(header));
        }
        header.order(ByteOrder.LITTLE_ENDIAN);
        if (header.remaining() < HEADER_SIZE) {
            return other(Kind.DAMAGED, "the ELF header ends after " + header.remaining() + " bytes");
        }
        if (header.get(4) != CLASS_64) {
            return other(Kind.WRONG_CLASS, header.get(4) == 1 ? "ELF32" : "ELF class " + header.get(4));
        }
        int machine = Short.toUnsignedInt(header.getShort(18));
        if (header.get(5) != LITTLE_ENDIAN) {
            return other(Kind.WRONG_MACHINE, "big-endian");
        }
        if (machine != MACHINE_X86_64) {
            return other(Kind.WRONG_MACHINE, machineName(machine));
        }
        return readSegments(channel, header);
    }

    private static ElfFile readSegments(FileChannel channel, ByteBuffer header) throws IOException {
        int type = Short.toUnsignedInt(header.getShort(16));
        long entry = header.getLong(24);
        long offset = header.getLong(32);
        int entrySize = Short.toUnsignedInt(header.getShort(54));
        int count = Short.toUnsignedInt(header.getShort(56));
        if (type != TYPE_EXECUTABLE && type != TYPE_SHARED) {
            return other(Kind.NOT_EXECUTABLE_TYPE, typeName(type));
        }
        if (entrySize != SEGMENT_SIZE || count == 0 || count > MAX_SEGMENTS) {
            return other(Kind.DAMAGED, count + " program headers of " + entrySize + " bytes");
        }
        if (offset < HEADER_SIZE || offset > channel.size() - (long) count * SEGMENT_SIZE) {
            return other(
                    Kind.DAMAGED,
                    "program headers at " + Long.toUnsignedString(offset) + " of a file of " + channel.size()
                            + " bytes");
        }
        ByteBuffer segments = readAt(channel, offset, count * SEGMENT_SIZE);
        String interpreter = null;
        boolean loads = false;
        for (int at = 0; at + SEGMENT_SIZE <= segments.remaining(); at += SEGMENT_SIZE) {
            int segmentType = segments.getInt(at);
            loads |= segmentType == SEGMENT_LOAD;
            if (segmentType == SEGMENT_INTERPRETER) {
                interpreter = readInterpreter(channel, segments.getLong(at + 8), segments.getLong(at + 32));
            }
        }
        if (!loads) {
            return other(Kind.DAMAGED, "no loadable segment");
        }
        if (type == TYPE_SHARED && interpreter == null && entry == 0) {
            return other(Kind.NOT_EXECUTABLE_TYPE, "a shared library");
        }
        return new ElfFile(Kind.PROGRAM, interpreter, null);
    }

    private static String readInterpreter(FileChannel channel, long offset, long size) throws IOException {
        if (offset < 0 || size <= 0 || size > MAX_INTERPRETER) {
            return "an unreadable dynamic linker path";
        }
        ByteBuffer text = readAt(channel, offset, (int) size);
        return printable(text).strip();
    }

    private static ElfFile other(Kind kind, String detail) {
        return new ElfFile(kind, null, detail);
    }

    private static ByteBuffer readAt(FileChannel channel, long position, int size) throws IOException {
        var buffer = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining()) {
            int read = channel.read(buffer, position + buffer.position());
            if (read < 0) {
                break;
            }
        }
        return buffer.flip();
    }

    private static String firstLine(ByteBuffer head) {
        String text = printable(head.slice(0, Math.min(head.remaining(), MAX_SCRIPT_LINE)));
        int end = text.indexOf('\n');
        return (end < 0 ? text : text.substring(0, end)).strip();
    }

    private static String printable(ByteBuffer bytes) {
        var text = new StringBuilder();
        for (char c :
                StandardCharsets.ISO_8859_1.decode(bytes.duplicate()).toString().toCharArray()) {
            if (c == 0) {
                break;
            }
            text.append(c == '\n' || (c >= ' ' && c < 0x7f) ? c : '?');
        }
        return text.toString();
    }

    private static String hex(ByteBuffer head) {
        var text = new StringBuilder();
        for (int i = 0; i < Math.min(4, head.remaining()); i++) {
            text.append(i == 0 ? "" : " ").append("%02x".formatted(head.get(i)));
        }
        return text.toString();
    }

    private static String typeName(int type) {
        return switch (type) {
            case TYPE_RELOCATABLE -> "an object file";
            case TYPE_CORE -> "a core dump";
            default -> "ELF type " + type;
        };
    }

    private static String machineName(int machine) {
        return switch (machine) {
            case 3 -> "i386";
            case 8 -> "MIPS";
            case 21 -> "PowerPC64";
            case 22 -> "S/390";
            case 40 -> "ARM";
            case 183 -> "AArch64";
            case 243 -> "RISC-V";
            default -> "ELF machine " + machine;
        };
    }
}
