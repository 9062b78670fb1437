// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.hybridvm.vm.PartitionDump;

/** Reads the answer to a dump: cores, each with its program's trace after it, slots, and processes with their mappings. */
final class DumpReader implements Fields.Visitor {
    private final List<byte[]> cores = new ArrayList<>();
    private final Map<Integer, List<Long>> traces = new LinkedHashMap<>();
    private final List<PartitionDump.Thread> threads = new ArrayList<>();
    private final Map<Long, String> maps = new LinkedHashMap<>();
    private long process;

    private DumpReader() {}

    static PartitionDump read(Fields answer) throws ProtocolException {
        var reader = new DumpReader();
        answer.visit(reader);
        var cores = new ArrayList<PartitionDump.Core>();
        for (int i = 0; i < reader.cores.size(); i++) {
            cores.add(DumpInfo.core(reader.cores.get(i), reader.traces.getOrDefault(i, List.of())));
        }
        return new PartitionDump(cores, reader.threads, reader.maps);
    }

    @Override
    public void field(int tag, byte[] value) throws ProtocolException {
        if (tag == FieldTag.CORE.code) {
            cores.add(value);
        } else if (tag == FieldTag.TRACE.code) {
            traces.put(cores.size() - 1, DumpInfo.addresses(value));
        } else if (tag == FieldTag.SLOT.code) {
            threads.add(DumpInfo.thread(value));
        } else if (tag == FieldTag.NUMBER.code && value.length == Integer.BYTES) {
            process = Integer.toUnsignedLong(
                    ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN).getInt());
        } else if (tag == FieldTag.MAPS.code) {
            maps.put(process, new String(value, StandardCharsets.UTF_8));
        }
    }
}
