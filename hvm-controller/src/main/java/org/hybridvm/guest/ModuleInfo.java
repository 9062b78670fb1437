// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.hybridvm.vm.Guest;

/** Reads {@code struct hvm_module_info} of hvm/device.h. */
final class ModuleInfo {
    static final int SIZE = 232;

    private static final int MODULE_OFFSET = 40;
    private static final int ADDRESS_OFFSET = 72;
    private static final int MEMORY_SIZE_OFFSET = 88;
    private static final int SYMBOL_COUNT_OFFSET = 96;

    private ModuleInfo() {}

    /** All that an answer has. */
    static List<Guest.Module> all(Fields answer) throws ProtocolException {
        List<byte[]> infos = answer.all(FieldTag.MODULE);
        List<String> names = answer.texts(FieldTag.TEXT);
        var modules = new ArrayList<Guest.Module>();
        for (int i = 0; i < infos.size(); i++) {
            modules.add(decode(infos.get(i), i < names.size() ? names.get(i) : ""));
        }
        return modules;
    }

    /** @param names the functions that the agent named, apart by spaces */
    static Guest.Module decode(byte[] bytes, String names) throws ProtocolException {
        ByteBuffer info = Struct.of(bytes, SIZE, "module");
        return new Guest.Module(
                Struct.name(bytes, MODULE_OFFSET),
                info.getLong(ADDRESS_OFFSET),
                info.getLong(MEMORY_SIZE_OFFSET),
                info.getInt(SYMBOL_COUNT_OFFSET),
                names.isBlank() ? List.of() : List.of(names.split(" ")));
    }
}
