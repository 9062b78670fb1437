// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.hybridvm.JsonObject;
import org.hybridvm.layout.ByteSize;

/** A plan for people: what changes of each VM, then the host's cores and memory. */
final class PlanText {
    private static final Map<String, String> SIGNS =
            Map.of("create", "+", "start", "+", "update", "~", "restart", "~", "remove", "-");
    private static final Map<String, String> WORDS = Map.of(
            "create", "is made",
            "start", "is started again: its QEMU is gone",
            "update", "is changed while it runs",
            "restart", "is ended and booted anew",
            "remove", "is removed: no layout declares it",
            "none", "is as declared",
            "keep", "is left alone: no layout declares it");

    private final JsonObject plan;

    PlanText(JsonObject plan) {
        this.plan = plan;
    }

    /** Whether there is nothing to do. */
    static boolean isEmpty(JsonObject plan) {
        return !plan.flag("changes");
    }

    @Override
    public String toString() {
        var text = new StringBuilder();
        plan.objects("vms").forEach(vm -> addVm(text, vm));
        JsonObject host = plan.object("host");
        text.append('\n').append(new CorePicture(host).text());
        text.append("%nMemory promised: %s, then %s, of %s%n"
                .formatted(promised(host, "before"), promised(host, "after"), size(host.number("memory_mib"))));
        return text.append('\n').append(summary(plan)).append('\n').toString();
    }

    /** One line. */
    static String summary(JsonObject plan) {
        if (isEmpty(plan)) {
            return "Nothing to do: all is as declared.";
        }
        return plan.objects("vms").stream()
                .map(vm -> vm.text("action"))
                .filter(SIGNS::containsKey)
                .collect(Collectors.groupingBy(action -> action, java.util.TreeMap::new, Collectors.counting()))
                .entrySet()
                .stream()
                .map(entry -> entry.getValue() + " to " + entry.getKey())
                .collect(Collectors.joining(", ", "VMs: ", ""));
    }

    private static void addVm(StringBuilder text, JsonObject vm) {
        String action = vm.text("action");
        text.append("%s %s %s%n"
                .formatted(SIGNS.getOrDefault(action, " "), vm.text("name"), WORDS.getOrDefault(action, action)));
        List<JsonObject> changes = vm.objects("changes");
        int width = changes.stream()
                .mapToInt(change -> change.text("field").length())
                .max()
                .orElse(0);
        for (JsonObject change : changes) {
            addChange(text, change, width);
        }
        vm.texts("notes").forEach(note -> text.append("    note: ").append(note).append('\n'));
    }

    private static void addChange(StringBuilder text, JsonObject change, int width) {
        String field = change.text("field");
        String sign = !change.has("before") ? "+" : change.has("after") ? "~" : "-";
        String value = !change.has("before")
                ? change.text("after")
                : !change.has("after") ? change.text("before") : change.text("before") + " -> " + change.text("after");
        text.append("    ").append(sign).append(' ').append(field).append(" ".repeat(width - field.length() + 2));
        text.append(value);
        if (change.text("effect").equals("restart")) {
            text.append("   (restart)");
        }
        text.append('\n');
    }

    private static String promised(JsonObject host, String when) {
        return size(host.objects(when).stream()
                .mapToLong(vm -> vm.number("memory_mib")
                        + vm.number("hugepages", 0)
                                * (ByteSize.parse(vm.text("hugepage_size", "0")).orElse(0) >> 20))
                .sum());
    }

    private static String size(long mebibytes) {
        return mebibytes == 0 ? "none" : ByteSize.format(mebibytes << 20);
    }
}
