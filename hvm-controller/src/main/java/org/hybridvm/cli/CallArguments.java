// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.ipc.HrtBuffer;
import org.hybridvm.ipc.HrtFunctions;

/** The words of a command line as arguments of a function: numbers as they are, all else in the window's heap. */
final class CallArguments {
    static final String FORMS = "an integer (12, -3, 0xff), a decimal number (0.5), string:TEXT, @FILE, buffer:BYTES";

    private static final String STRING = "string:";
    private static final String BUFFER = "buffer:";

    private final HrtFunctions functions;
    private final Path directory;
    private final List<Object> values = new ArrayList<>();
    private final List<HrtBuffer> buffers = new ArrayList<>();

    /** @param directory what relative paths start from */
    CallArguments(HrtFunctions functions, Path directory) {
        this.functions = functions;
        this.directory = directory;
    }

    void add(String word) {
        if (word.startsWith("@")) {
            values.add(file(word.substring(1)));
        } else if (word.startsWith(STRING)) {
            values.add(word.substring(STRING.length()).getBytes(StandardCharsets.UTF_8));
        } else if (word.startsWith(BUFFER)) {
            HrtBuffer buffer = functions.allocate(bytes(word));
            buffer.memory().fill((byte) 0);
            buffers.add(buffer);
            values.add(buffer);
        } else {
            values.add(number(word));
        }
    }

    Object[] values() {
        return values.toArray();
    }

    /** What the function left in each {@code buffer:}, in order. */
    List<byte[]> results() {
        return buffers.stream()
                .map(buffer -> buffer.memory().toArray(ValueLayout.JAVA_BYTE))
                .toList();
    }

    private static Number number(String word) {
        try {
            if (word.matches("[-+]?(0[xX][0-9a-fA-F]+|[0-9]+)")) {
                return integer(word);
            }
            return Double.valueOf(word);
        } catch (NumberFormatException e) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "No argument of a function")
                    .value(word)
                    .allowed(FORMS)
                    .build();
        }
    }

    /** Of 64 bits, signed or not. */
    private static long integer(String word) {
        boolean negative = word.startsWith("-");
        String digits = word.replaceFirst("^[-+]", "");
        BigInteger value = digits.matches("0[xX].*") ? new BigInteger(digits.substring(2), 16) : new BigInteger(digits);
        if (negative) {
            value = value.negate();
        }
        if (value.bitLength() > (negative ? 63 : 64)) {
            throw new NumberFormatException(word);
        }
        return value.longValue();
    }

    private static long bytes(String word) {
        try {
            long bytes = Long.parseLong(word.substring(BUFFER.length()));
            if (bytes > 0) {
                return bytes;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw HvmException.of(ErrorCode.INVALID_REQUEST, "No size of a buffer")
                .value(word)
                .allowed("buffer:BYTES, at least 1")
                .build();
    }

    /** Read into the window itself: a file may be larger than this JVM's heap. */
    private HrtBuffer file(String name) {
        try (FileChannel file = FileChannel.open(directory.resolve(name))) {
            HrtBuffer buffer = functions.allocate(file.size());
            MemorySegment memory = buffer.memory();
            ByteBuffer bytes = memory.asByteBuffer();
            while (bytes.hasRemaining() && file.read(bytes) >= 0) {
                // goes on
            }
            return buffer;
        } catch (IOException | java.nio.file.InvalidPathException e) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "The file cannot be read")
                    .value("@" + name + " (" + e + ")")
                    .allowed("a file of at most the heap's size")
                    .cause(e)
                    .build();
        }
    }
}
