// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.hybridvm.JsonObject;

/** The host's cores before and after, as text and as SVG. Threads of one physical core stand together. */
final class CorePicture {
    private static final String FREE = "free";
    private static final String[] COLOURS = {
        "#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#edc948", "#b07aa1", "#9c755f"
    };
    private static final String SHARED_COLOUR = "#bab0ac";
    private static final String FREE_COLOUR = "#f2f2f2";
    private static final String INK = "#222222";
    private static final int CELL_WIDTH = 190;
    private static final int CELL_HEIGHT = 22;
    private static final int LEFT = 110;
    private static final int TOP = 56;

    private final List<Row> rows;

    /** One core. */
    private record Row(long core, long node, List<Object> siblings, List<String> before, List<String> after) {
        boolean isChanged() {
            return !before.equals(after);
        }
    }

    /** @param host {@code cores} with node, siblings, before and after */
    CorePicture(JsonObject host) {
        rows = host.objects("cores").stream()
                .map(core -> new Row(
                        core.number("core"),
                        core.number("node", 0),
                        List.copyOf((List<?>) core.asMap().get("siblings")),
                        core.texts("before"),
                        core.texts("after")))
                .sorted(java.util.Comparator.comparingLong(Row::node)
                        .thenComparingLong(row -> ((Number) row.siblings().getFirst()).longValue())
                        .thenComparingLong(Row::core))
                .toList();
    }

    /** Neighbours that have the same are one line; a star marks what changes. */
    String text() {
        var table = new Table("NODE", "HOST CORES", "BEFORE", "AFTER", "");
        for (int i = 0; i < rows.size(); ) {
            int end = i + 1;
            while (end < rows.size() && isSame(rows.get(i), rows.get(end))) {
                end++;
            }
            Row row = rows.get(i);
            table.row(
                    row.node(),
                    cores(rows.subList(i, end)),
                    words(row.before()),
                    words(row.after()),
                    row.isChanged() ? "*" : "");
            i = end;
        }
        return table.toString();
    }

    private static boolean isSame(Row a, Row b) {
        return a.node() == b.node()
                && a.before().equals(b.before())
                && a.after().equals(b.after());
    }

    private static String words(List<String> uses) {
        return uses.isEmpty() ? FREE : String.join(", ", uses);
    }

    /** In the kernel's form: {@code 0-3,8}. */
    static String cores(List<Row> rows) {
        List<Long> cores = rows.stream().map(Row::core).sorted().toList();
        var ranges = new ArrayList<String>();
        for (int i = 0; i < cores.size(); ) {
            int end = i;
            while (end + 1 < cores.size() && cores.get(end + 1) == cores.get(end) + 1) {
                end++;
            }
            ranges.add(end == i ? String.valueOf(cores.get(i)) : cores.get(i) + "-" + cores.get(end));
            i = end + 1;
        }
        return String.join(",", ranges);
    }

    String svg() {
        Map<String, String> colours = colours();
        int height = TOP + rows.size() * CELL_HEIGHT + 30;
        var svg = new Svg(LEFT + 2 * CELL_WIDTH + 40, height, "Host cores before and after");
        svg.title(12, 24, 15, INK, "Host cores");
        svg.label(LEFT + CELL_WIDTH / 2.0, 46, Svg.Anchor.MIDDLE, 12, INK, "before");
        svg.label(LEFT + CELL_WIDTH * 1.5 + 10, 46, Svg.Anchor.MIDDLE, 12, INK, "after");
        for (int i = 0; i < rows.size(); i++) {
            Row row = rows.get(i);
            double y = TOP + i * CELL_HEIGHT;
            svg.label(LEFT - 10, y + 15, Svg.Anchor.END, 11, INK, name(row));
            cell(svg, LEFT, y, row.before(), colours);
            cell(svg, LEFT + CELL_WIDTH + 10, y, row.after(), colours);
            if (startsPhysicalCore(i)) {
                svg.line(8, y, LEFT + 2 * CELL_WIDTH + 10, y, row.node() == nodeBefore(i) ? "#cccccc" : "#444444");
            }
        }
        return svg.toString();
    }

    private static String name(Row row) {
        return "node " + row.node() + "  core " + row.core();
    }

    private boolean startsPhysicalCore(int index) {
        return index > 0
                && !rows.get(index).siblings().equals(rows.get(index - 1).siblings());
    }

    private long nodeBefore(int index) {
        return rows.get(index - 1).node();
    }

    private static void cell(Svg svg, double x, double y, List<String> uses, Map<String, String> colours) {
        String colour = uses.isEmpty()
                ? FREE_COLOUR
                : uses.size() > 1 ? SHARED_COLOUR : colours.getOrDefault(vm(uses.getFirst()), SHARED_COLOUR);
        svg.rectangle(x, y + 1, CELL_WIDTH, CELL_HEIGHT - 2, colour);
        svg.label(x + 6, y + 15, Svg.Anchor.START, 11, uses.isEmpty() ? "#888888" : INK, words(uses));
    }

    /** A colour for each VM. */
    private Map<String, String> colours() {
        Map<String, String> colours = new LinkedHashMap<>();
        rows.stream()
                .flatMap(row -> java.util.stream.Stream.concat(row.before().stream(), row.after().stream()))
                .map(CorePicture::vm)
                .distinct()
                .sorted()
                .collect(Collectors.toList())
                .forEach(vm -> colours.put(vm, COLOURS[colours.size() % COLOURS.length]));
        return colours;
    }

    private static String vm(String use) {
        return use.split("[/ ]", 2)[0];
    }
}
