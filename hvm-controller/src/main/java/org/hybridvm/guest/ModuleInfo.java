// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.hybridvm.vm.Guest;

/** Reads {@code struct hvm_module_info} of hvm/device.h. */
final class ModuleInfo {
    static final int SIZE = 232;

    private static final int MODULE_OFFSET = 40;
    private static final int NAME_SIZE = 32;
    private static final int ADDRESS_OFFSET = 72;
    private static final int MEMORY_SIZE_OFFSET = 88;
    private static final int SYMBOL_COUNT_OFFSET = 96;

    private ModuleInfo() {}

    /** @param names the functions that the agent named, apart by spaces */
    static Guest.Module decode(byte[] bytes, String names) throws ProtocolException {
        if (bytes.length != SIZE) {
            throw new ProtocolException("a module's description of " + bytes.length + " bytes, not " + SIZE);
        }
        ByteBuffer info = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        return new Guest.Module(
                name(bytes),
                info.getLong(ADDRESS_OFFSET),
                info.getLong(MEMORY_SIZE_OFFSET),
                info.getInt(SYMBOL_COUNT_OFFSET),
                names.isBlank() ? List.of() : List.of(names.split(" ")));
    }

    private static String name(byte[] bytes) {
        int end = MODULE_OFFSET;
        while (end < MODULE_OFFSET + NAME_SIZE && bytes[end] != 0) {
            end++;
        }
        return new String(bytes, MODULE_OFFSET, end - MODULE_OFFSET, StandardCharsets.UTF_8);
    }
}
