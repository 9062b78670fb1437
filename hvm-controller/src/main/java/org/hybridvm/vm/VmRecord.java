// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.hybridvm.JsonObject;
import org.hybridvm.host.CoreLedger;
import org.hybridvm.layout.Layout;
import org.hybridvm.layout.LayoutFields;

/**
 * What must be known of a VM by a hvmd that did not start it: kept on disk from before QEMU starts until it is destroyed.
 *
 * @param phase how far its launch or end has come
 * @param reason why it ended, empty while it runs
 */
record VmRecord(
        Layout layout,
        UUID uuid,
        Accelerator accelerator,
        CoreLedger.Placement placement,
        long created,
        Phase phase,
        String reason) {
    enum Phase {
        /** Its launch was begun and not finished. */
        STARTING,
        RUNNING,
        /** QEMU is gone. */
        ENDED
    }

    VmRecord with(Phase newPhase, String newReason) {
        return new VmRecord(layout, uuid, accelerator, placement, created, newPhase, newReason);
    }

    Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("layout", LayoutFields.of(layout));
        json.put("uuid", uuid.toString());
        json.put("accelerator", accelerator.word());
        json.put("vcpus", new ArrayList<>(placement.vcpus()));
        json.put("housekeeping", new ArrayList<>(placement.housekeeping()));
        json.put("created", created);
        json.put("phase", phase.name());
        json.put("reason", reason);
        return json;
    }

    static VmRecord fromJson(JsonObject json) {
        return new VmRecord(
                LayoutFields.layout(json.object("layout")),
                UUID.fromString(json.text("uuid")),
                Accelerator.valueOf(json.text("accelerator").toUpperCase(Locale.ROOT)),
                new CoreLedger.Placement(
                        numbers(json, "vcpus"), new HashSet<>(numbers(json, "housekeeping")), List.of()),
                json.number("created"),
                Phase.valueOf(json.text("phase")),
                json.text("reason"));
    }

    private static List<Integer> numbers(JsonObject json, String field) {
        return Optional.ofNullable((List<?>) json.asMap().get(field)).orElse(List.of()).stream()
                .map(number -> ((Number) number).intValue())
                .toList();
    }
}
