// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The payload of a control frame: fields one after the other ({@code struct hvm_field}), a tag may come several times. */
final class Fields {
    private static final int HEADER_SIZE = 8;

    private record Field(int tag, byte[] value) {}

    private final List<Field> fields = new ArrayList<>();

    /** @throws ProtocolException if lengths do not fit into each other */
    static Fields decode(byte[] payload) throws ProtocolException {
        var decoded = new Fields();
        ByteBuffer bytes = ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            if (bytes.remaining() < HEADER_SIZE) {
                throw new ProtocolException("a field of " + bytes.remaining() + " bytes");
            }
            int tag = Short.toUnsignedInt(bytes.getShort());
            bytes.getShort();
            int length = bytes.getInt();
            if (length < 0 || length > bytes.remaining()) {
                throw new ProtocolException(
                        "field " + tag + " of " + Integer.toUnsignedString(length) + " bytes in " + bytes.remaining());
            }
            byte[] value = new byte[length];
            bytes.get(value);
            decoded.fields.add(new Field(tag, value));
        }
        return decoded;
    }

    byte[] encode() {
        var out = new ByteArrayOutputStream();
        for (Field field : fields) {
            out.writeBytes(ByteBuffer.allocate(HEADER_SIZE)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putShort((short) field.tag)
                    .putShort((short) 0)
                    .putInt(field.value.length)
                    .array());
            out.writeBytes(field.value);
        }
        return out.toByteArray();
    }

    Fields bytes(FieldTag tag, byte[] value) {
        fields.add(new Field(tag.code, value));
        return this;
    }

    Fields text(FieldTag tag, String value) {
        return bytes(tag, value.getBytes(StandardCharsets.UTF_8));
    }

    Fields number(FieldTag tag, int value) {
        return bytes(
                tag,
                ByteBuffer.allocate(Integer.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(value)
                        .array());
    }

    Fields longNumber(FieldTag tag, long value) {
        return bytes(
                tag,
                ByteBuffer.allocate(Long.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(value)
                        .array());
    }

    List<byte[]> all(FieldTag tag) {
        return fields.stream()
                .filter(field -> field.tag == tag.code)
                .map(Field::value)
                .toList();
    }

    List<String> texts(FieldTag tag) {
        return all(tag).stream()
                .map(value -> new String(value, StandardCharsets.UTF_8))
                .toList();
    }

    /** Hears the fields one after the other, for those whose order means something. */
    interface Visitor {
        void field(int tag, byte[] value) throws ProtocolException;
    }

    void visit(Visitor visitor) throws ProtocolException {
        for (Field field : fields) {
            visitor.field(field.tag, field.value);
        }
    }

    Optional<String> text(FieldTag tag) {
        return texts(tag).stream().findFirst();
    }

    /** All numbers of the tag, 32 or 64 bits wide each. */
    List<Long> numbers(FieldTag tag) throws ProtocolException {
        var numbers = new ArrayList<Long>();
        for (byte[] value : all(tag)) {
            numbers.add(number(tag, value));
        }
        return numbers;
    }

    Optional<Integer> number(FieldTag tag) throws ProtocolException {
        List<Long> numbers = numbers(tag);
        return numbers.isEmpty()
                ? Optional.empty()
                : Optional.of(numbers.getFirst().intValue());
    }

    /** A number that is no more than a signed 64-bit one holds. */
    long requireLong(FieldTag tag) throws ProtocolException {
        List<Long> numbers = numbers(tag);
        if (numbers.isEmpty() || numbers.getFirst() < 0) {
            throw new ProtocolException("no field " + tag);
        }
        return numbers.getFirst();
    }

    int require(FieldTag tag) throws ProtocolException {
        return number(tag).orElseThrow(() -> new ProtocolException("no field " + tag));
    }

    private static long number(FieldTag tag, byte[] value) throws ProtocolException {
        ByteBuffer bytes = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN);
        return switch (value.length) {
            case Integer.BYTES -> Integer.toUnsignedLong(bytes.getInt());
            case Long.BYTES -> bytes.getLong();
            default -> throw new ProtocolException("field " + tag + " of " + value.length + " bytes is no number");
        };
    }
}
