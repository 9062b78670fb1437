// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** The bytes of a C structure of the ABI, and how its names and enumerations are read. */
final class Struct {
    /** Bytes of a name, its final 0 among them: HVM_NAME_MAX. */
    private static final int NAME_SIZE = 32;

    private Struct() {}

    /**
     * @param what whose description it is, for the message
     * @throws ProtocolException if it is not of the size that it must have
     */
    static ByteBuffer of(byte[] bytes, int size, String what) throws ProtocolException {
        if (bytes.length != size) {
            throw new ProtocolException("a " + what + "'s description of " + bytes.length + " bytes, not " + size);
        }
        return of(bytes);
    }

    static ByteBuffer of(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The name at an offset, without what follows its first 0. */
    static String name(byte[] bytes, int offset) {
        int end = offset;
        while (end < offset + NAME_SIZE && bytes[end] != 0) {
            end++;
        }
        return new String(bytes, offset, end - offset, StandardCharsets.UTF_8);
    }

    /** @param words of an enumeration, in its order; a number beyond them is told as such */
    static String word(String[] words, int number, String what) {
        return number >= 0 && number < words.length ? words[number] : what + " " + Integer.toUnsignedString(number);
    }
}
