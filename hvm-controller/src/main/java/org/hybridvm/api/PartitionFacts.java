// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.hybridvm.vm.Guest;

/** HRT partitions and their modules as JSON objects. */
final class PartitionFacts {
    private PartitionFacts() {}

    /** One that was booted anew. */
    static Map<String, Object> ofBoot(String vm, Guest.Partition booted) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("vm", vm);
        facts.put("partition", booted.name());
        facts.put("state", booted.state());
        facts.put("first_instruction_us", booted.firstInstruction().toNanos() / 1000);
        facts.put("ready_us", booted.ready().toNanos() / 1000);
        facts.put("generation", booted.generation());
        return facts;
    }

    /** All modules of one. */
    static Map<String, Object> ofModules(String vm, String partition, List<Guest.Module> modules) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("vm", vm);
        facts.put("partition", partition);
        facts.put("modules", modules.stream().map(PartitionFacts::of).toList());
        return facts;
    }

    private static Map<String, Object> of(Guest.Module module) {
        var json = new LinkedHashMap<String, Object>();
        json.put("name", module.name());
        json.put("address", "0x" + Long.toHexString(module.address()));
        json.put("size", module.size());
        json.put("functions", module.functions());
        json.put("names", module.names());
        return json;
    }
}
