// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.hybridvm.JsonObject;
import org.hybridvm.host.Placement;
import org.hybridvm.layout.Layout;
import org.hybridvm.layout.LayoutFields;

/**
 * What must be known of a VM by a hvmd that did not start it: kept on disk from before QEMU starts until it is destroyed.
 *
 * @param generation the revision of the node's state at which it was declared as it is; 0: not yet on disk
 * @param phase how far its launch or end has come
 * @param reason why it ended, empty while it runs
 */
record VmRecord(
        Layout layout,
        UUID uuid,
        Accelerator accelerator,
        Placement placement,
        long created,
        long generation,
        Phase phase,
        String reason) {
    enum Phase {
        /** Its launch was begun and not finished: undone by the next hvmd. */
        STARTING,
        /** It was applied and is not up yet: launched anew by the next hvmd. */
        APPLYING,
        RUNNING,
        /** QEMU is gone. */
        ENDED,
        /** It is to go: removed by the next hvmd. */
        REMOVING;

        /** Whether its QEMU may not be far enough to answer. */
        boolean isBooting() {
            return this == STARTING || this == APPLYING;
        }
    }

    VmRecord with(Phase newPhase, String newReason) {
        return new VmRecord(layout, uuid, accelerator, placement, created, generation, newPhase, newReason);
    }

    VmRecord of(long newGeneration) {
        return new VmRecord(layout, uuid, accelerator, placement, created, newGeneration, phase, reason);
    }

    /** The same VM, of another QEMU. */
    VmRecord of(UUID newUuid) {
        return new VmRecord(layout, newUuid, accelerator, placement, created, generation, phase, reason);
    }

    VmRecord with(Layout newLayout) {
        return new VmRecord(newLayout, uuid, accelerator, placement, created, generation, phase, reason);
    }

    Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("layout", LayoutFields.of(layout));
        json.put("uuid", uuid.toString());
        json.put("accelerator", accelerator.word());
        json.put("placement", PlacementFields.of(placement));
        json.put("created", created);
        json.put("phase", phase.name());
        json.put("reason", reason);
        return json;
    }

    static VmRecord fromJson(JsonObject json, long generation) {
        Layout layout = LayoutFields.layout(json.object("layout"));
        return new VmRecord(
                layout,
                UUID.fromString(json.text("uuid")),
                Accelerator.valueOf(json.text("accelerator").toUpperCase(Locale.ROOT)),
                json.has("placement")
                        ? PlacementFields.placement(json.object("placement"))
                        : PlacementFields.ofOld(layout, json),
                json.number("created"),
                generation,
                Phase.valueOf(json.text("phase")),
                json.text("reason"));
    }
}
