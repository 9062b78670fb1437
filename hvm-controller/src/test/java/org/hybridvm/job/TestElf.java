// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Makes the smallest ELF files that the checks look at, one property off at a time. */
final class TestElf {
    private static final int HEADER = 64;
    private static final int SEGMENT = 56;

    private int elfClass = 2;
    private int order = 1;
    private int machine = 62;
    private int type = 2;
    private long entry = 0x401000;
    private String interpreter;
    private long segmentsAt = HEADER;
    private int segmentSize = SEGMENT;

    static TestElf program() {
        return new TestElf();
    }

    TestElf elfClass(int value) {
        elfClass = value;
        return this;
    }

    TestElf bigEndian() {
        order = 2;
        return this;
    }

    TestElf machine(int value) {
        machine = value;
        return this;
    }

    TestElf type(int value) {
        type = value;
        return this;
    }

    TestElf entry(long value) {
        entry = value;
        return this;
    }

    TestElf interpreter(String path) {
        interpreter = path;
        return this;
    }

    TestElf segmentsAt(long offset) {
        segmentsAt = offset;
        return this;
    }

    TestElf segmentSize(int size) {
        segmentSize = size;
        return this;
    }

    byte[] bytes() {
        int segments = interpreter == null ? 1 : 2;
        byte[] path = interpreter == null ? new byte[0] : (interpreter + "\0").getBytes(StandardCharsets.US_ASCII);
        int pathAt = HEADER + segments * SEGMENT;
        ByteBuffer file = ByteBuffer.allocate(pathAt + path.length).order(ByteOrder.LITTLE_ENDIAN);
        file.put(HexFormat.of().parseHex("7f454c46"))
                .put((byte) elfClass)
                .put((byte) order)
                .put((byte) 1);
        file.putShort(16, (short) type).putShort(18, (short) machine).putInt(20, 1);
        file.putLong(24, entry).putLong(32, segmentsAt);
        file.putShort(52, (short) HEADER).putShort(54, (short) segmentSize).putShort(56, (short) segments);
        file.putInt(HEADER, 1);
        if (interpreter != null) {
            int second = HEADER + SEGMENT;
            file.putInt(second, 3).putLong(second + 8, pathAt).putLong(second + 32, path.length);
            file.put(pathAt, path);
        }
        return file.array();
    }
}
