// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The functions of an ELF file by their addresses, after the System V ABI (gabi, chapter 4): the symbol table, or the
 * dynamic one of a file that was stripped. Believes nothing of the file.
 */
final class SymbolTable {
    private static final long LARGEST_FILE = 64L << 20;
    private static final int MAX_SYMBOLS = 1 << 20;
    private static final int LONGEST_NAME = 200;
    private static final int MAGIC = 0x464c457f;
    private static final byte CLASS_64 = 2;
    private static final int HEADER_SIZE = 64;
    private static final int SECTION_SIZE = 64;
    private static final int SEGMENT_SIZE = 56;
    private static final int SYMBOL_SIZE = 24;
    private static final int SEGMENT_LOAD = 1;
    private static final int SECTION_SYMBOLS = 2;
    private static final int SECTION_DYNAMIC_SYMBOLS = 11;
    private static final int TYPE_NONE = 0;
    private static final int TYPE_FUNCTION = 2;

    private final ByteBuffer file;
    private final TreeMap<Long, String> functions = new TreeMap<>(Long::compareUnsigned);
    private final List<Segment> segments = new ArrayList<>();

    private record Segment(long offset, long address, long size) {}

    private SymbolTable(ByteBuffer file) {
        this.file = file;
    }

    /** @throws IOException if the file cannot be read, or is no ELF file that makes sense */
    static SymbolTable read(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            if (channel.size() > LARGEST_FILE || channel.size() < HEADER_SIZE) {
                throw new IOException(file + " has " + channel.size() + " bytes");
            }
            ByteBuffer bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
            var table = new SymbolTable(bytes.order(ByteOrder.LITTLE_ENDIAN));
            table.read();
            return table;
        } catch (IndexOutOfBoundsException e) {
            throw new IOException(file + " is a damaged ELF file", e);
        }
    }

    /** The function that an address lies in or behind, as {@code name+0x12}. */
    Optional<String> at(long address) {
        return Optional.ofNullable(functions.floorEntry(address))
                .map(function -> function.getValue() + "+0x" + Long.toHexString(address - function.getKey()));
    }

    /** The address that the file's byte at an offset is linked for. */
    Optional<Long> addressOf(long offset) {
        return segments.stream()
                .filter(one -> offset >= one.offset() && offset - one.offset() < one.size())
                .map(one -> offset - one.offset() + one.address())
                .findFirst();
    }

    private void read() throws IOException {
        if (file.getInt(0) != MAGIC || file.get(4) != CLASS_64) {
            throw new IOException("no ELF file of 64 bits");
        }
        readSegments();
        readSymbols(SECTION_SYMBOLS);
        if (functions.isEmpty()) {
            readSymbols(SECTION_DYNAMIC_SYMBOLS);
        }
    }

    private void readSegments() {
        int at = position(file.getLong(32));
        int count = Short.toUnsignedInt(file.getShort(56));
        for (int i = 0; i < count; i++) {
            int segment = at + i * SEGMENT_SIZE;
            if (file.getInt(segment) == SEGMENT_LOAD) {
                segments.add(
                        new Segment(file.getLong(segment + 8), file.getLong(segment + 16), file.getLong(segment + 32)));
            }
        }
    }

    private void readSymbols(int type) {
        int at = position(file.getLong(40));
        int count = Short.toUnsignedInt(file.getShort(60));
        for (int i = 0; i < count; i++) {
            int section = at + i * SECTION_SIZE;
            if (file.getInt(section + 4) == type) {
                int names = at + file.getInt(section + 40) * SECTION_SIZE;
                readSymbols(section, position(file.getLong(names + 24)));
            }
        }
    }

    private void readSymbols(int section, int names) {
        int at = position(file.getLong(section + 24));
        long count = Math.min(file.getLong(section + 32) / SYMBOL_SIZE, MAX_SYMBOLS);
        for (int i = 0; i < count; i++) {
            int symbol = at + i * SYMBOL_SIZE;
            int type = file.get(symbol + 4) & 0xf;
            long address = file.getLong(symbol + 8);
            boolean defined = file.getShort(symbol + 6) != 0;
            if (defined && address != 0 && (type == TYPE_FUNCTION || type == TYPE_NONE)) {
                String name = text(names + file.getInt(symbol));
                if (type == TYPE_FUNCTION || !functions.containsKey(address)) {
                    functions.put(address, name);
                }
            }
        }
    }

    private int position(long offset) {
        if (offset < 0 || offset >= file.capacity()) {
            throw new IndexOutOfBoundsException("offset " + offset);
        }
        return (int) offset;
    }

    private String text(int at) {
        int end = at;
        while (file.get(end) != 0 && end - at < LONGEST_NAME) {
            end++;
        }
        byte[] bytes = new byte[end - at];
        file.get(at, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** For tests. */
    Map<Long, String> functions() {
        return Map.copyOf(functions);
    }
}
