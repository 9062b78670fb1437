// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.hybridvm.Json;

/** What changes between two layouts of one VM, field by field. */
public final class LayoutDiff {
    /** Fields of hvmd's own doing; all others are QEMU's, or the guest kernel's, from its start on. */
    private static final Set<String> LIVE = Set.of("console.limit", "access.users", "access.groups");

    private LayoutDiff() {}

    /** In the order of the fields; empty if the layouts are the same. */
    public static List<Difference> between(Layout before, Layout after) {
        Map<String, String> old = flat(before);
        Map<String, String> wanted = flat(after);
        Set<String> fields = new LinkedHashSet<>(wanted.keySet());
        fields.addAll(old.keySet());
        return fields.stream()
                .filter(field -> !Objects.equals(old.get(field), wanted.get(field)))
                .map(field -> new Difference(
                        field,
                        Optional.ofNullable(old.get(field)),
                        Optional.ofNullable(wanted.get(field)),
                        LIVE.contains(field) ? Difference.Effect.LIVE : Difference.Effect.RESTART))
                .toList();
    }

    /** Every field by its path. */
    static Map<String, String> flat(Layout layout) {
        Map<String, String> fields = new LinkedHashMap<>();
        LayoutFields.of(layout).forEach((name, value) -> put(fields, name, value));
        // The order of partitions and mounts is that of vCPUs and devices; by name alone it would not be seen.
        fields.put(
                "partitions",
                Json.write(layout.partitions().stream().map(Layout.Hrt::name).toList()));
        fields.put(
                "mounts",
                Json.write(layout.mounts().stream()
                        .map(mount -> mount.source().toString())
                        .toList()));
        return fields;
    }

    private static void put(Map<String, String> fields, String path, Object value) {
        switch (value) {
            case Map<?, ?> object -> object.forEach((name, part) -> put(fields, path + "." + name, part));
            case List<?> list
            when !list.isEmpty() && list.getFirst() instanceof Map ->
                list.forEach(element -> putElement(fields, path, (Map<?, ?>) element));
            case List<?> list -> fields.put(path, Json.write(list));
            default -> fields.put(path, value.toString());
        }
    }

    private static void putElement(Map<String, String> fields, String path, Map<?, ?> element) {
        String key = element.containsKey("source") ? "source" : "name";
        element.forEach((name, part) -> {
            if (!name.equals(key)) {
                put(fields, path + "." + element.get(key) + "." + name, part);
            }
        });
    }
}
