// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.hybridvm.JsonObject;
import org.hybridvm.host.Placement;
import org.hybridvm.layout.Layout;

/** A {@link Placement} as JSON; its notes are not kept. */
final class PlacementFields {
    private PlacementFields() {}

    static Map<String, Object> of(Placement placement) {
        var json = new LinkedHashMap<String, Object>();
        json.put("vcpus", placement.vcpus());
        json.put("dedicated", sorted(placement.dedicated()));
        json.put("withheld", sorted(placement.withheld()));
        json.put("housekeeping", sorted(placement.housekeeping()));
        placement.node().ifPresent(node -> json.put("node", node));
        return json;
    }

    static Placement placement(JsonObject json) {
        return new Placement(
                numbers(json, "vcpus"),
                new HashSet<>(numbers(json, "dedicated")),
                new HashSet<>(numbers(json, "withheld")),
                new HashSet<>(numbers(json, "housekeeping")),
                json.asMap().get("node") instanceof Number node ? Optional.of(node.intValue()) : Optional.empty(),
                List.of());
    }

    /** Of a record from before there was more than cores. */
    static Placement ofOld(Layout layout, JsonObject record) {
        List<Integer> vcpus = numbers(record, "vcpus");
        return new Placement(
                vcpus,
                new HashSet<>(vcpus.subList(layout.linux().cores(), vcpus.size())),
                Set.of(),
                new HashSet<>(numbers(record, "housekeeping")),
                Optional.empty(),
                List.of());
    }

    private static List<Integer> sorted(Set<Integer> cores) {
        return List.copyOf(new TreeSet<>(cores));
    }

    private static List<Integer> numbers(JsonObject json, String field) {
        return Optional.ofNullable((List<?>) json.asMap().get(field)).orElse(List.of()).stream()
                .map(number -> ((Number) number).intValue())
                .toList();
    }
}
