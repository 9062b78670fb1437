// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.hybridvm.JsonObject;
import org.hybridvm.cli.SlurmColumns.Field;

/** {@code sinfo}: a node is a VM, and partitions of one name on nodes in one state share a line. */
final class SinfoTool extends Command {
    private static final String FORMAT = "%9P %.5a %.10l %.6D %.6t %N";
    private static final String NODES = "%8N %.6D %.9P %6t";

    private static final Map<Character, Field> FIELDS = Map.ofEntries(
            Map.entry('P', new Field("PARTITION", row -> row.text("partition"))),
            Map.entry('R', new Field("PARTITION", row -> row.text("partition"))),
            Map.entry('a', new Field("AVAIL", row -> "up")),
            Map.entry('l', new Field("TIMELIMIT", row -> "infinite")),
            Map.entry(
                    'D',
                    new Field("NODES", row -> String.valueOf(row.texts("nodes").size()))),
            Map.entry('t', new Field("STATE", row -> row.text("state"))),
            Map.entry('T', new Field("STATE", SinfoTool::longState)),
            Map.entry('N', new Field("NODELIST", row -> String.join(",", row.texts("nodes")))),
            Map.entry('n', new Field("HOSTNAMES", row -> String.join(",", row.texts("nodes")))),
            Map.entry('c', new Field("CPUS", row -> String.valueOf(row.number("cores")))),
            Map.entry('m', new Field("MEMORY", row -> String.valueOf(row.number("memory_mib")))),
            Map.entry('C', new Field("CPUS(A/I/O/T)", SinfoTool::cores)));

    SinfoTool(Context context) {
        super(context, "sinfo", "Show partitions and the nodes (VMs) that have them, as Slurm's sinfo");
        helpByWordOnly();
        flag("A line for each node.", "-N", "--Node");
        flag("As without.", "-l", "--long");
        flag("As without.", "-a", "--all");
        flag("No line of headings.", "-h", "--noheader");
        option(String.class, "LIST", "These partitions.", "-p", "--partition");
        option(String.class, "LIST", "These nodes.", "-n", "--nodes");
        option(String.class, "FORMAT", "Columns: %%[[.]SIZE]MARK, as in sinfo(1).", "-o", "--format");
        explain("", "What a VM really is and has, hvm list and hvm info tell.");
        examples("sinfo", "sinfo -N", "sinfo -h -o '%%P %%C'");
    }

    @Override
    public Integer call() {
        boolean each = isSet("--Node");
        var columns = new SlurmColumns(text("--format") != null ? text("--format") : each ? NODES : FORMAT, FIELDS);
        if (!isSet("--noheader")) {
            context.out().println(columns.header());
        }
        rows(each).forEach(row -> context.out().println(columns.row(row)));
        return OK;
    }

    private Iterable<JsonObject> rows(boolean each) {
        List<String> partitions = SlurmFilter.words(text("--partition"));
        List<String> nodes = SlurmFilter.words(text("--nodes"));
        var rows = new LinkedHashMap<String, JsonObject>();
        for (JsonObject vm : client().get("/vms").objects("vms")) {
            for (JsonObject partition : vm.objects("partitions")) {
                JsonObject row = row(vm, partition);
                if ((partitions.isEmpty() || partitions.contains(row.text("partition")))
                        && (nodes.isEmpty() || nodes.contains(vm.text("name")))) {
                    String key = row.text("partition") + " " + (each ? vm.text("name") : row.text("state"));
                    rows.merge(key, row, SinfoTool::together);
                }
            }
        }
        return rows.values();
    }

    private static JsonObject row(JsonObject vm, JsonObject partition) {
        var row = new LinkedHashMap<String, Object>();
        boolean up = vm.text("state").equals("READY")
                && partition.text("state", "READY").equals("READY");
        long cores = partition.number("cores");
        long free = partition.number("cores_free", cores);
        row.put("partition", partition.text("name"));
        row.put("nodes", List.of(vm.text("name")));
        row.put("state", !up ? "down" : free == cores ? "idle" : free == 0 ? "alloc" : "mix");
        row.put("cores", cores);
        row.put("free", up ? free : 0);
        row.put("other", up ? 0 : cores);
        row.put("memory_mib", partition.number("memory_mib", 0));
        return JsonObject.of(row);
    }

    private static JsonObject together(JsonObject one, JsonObject other) {
        var row = new LinkedHashMap<>(one.asMap());
        var nodes = new ArrayList<>(one.texts("nodes"));
        nodes.addAll(other.texts("nodes"));
        row.put("nodes", nodes);
        for (String sum : List.of("cores", "free", "other")) {
            row.put(sum, one.number(sum) + other.number(sum));
        }
        return JsonObject.of(row);
    }

    private static String longState(JsonObject row) {
        return switch (row.text("state")) {
            case "mix" -> "mixed";
            case "alloc" -> "allocated";
            default -> row.text("state");
        };
    }

    private static String cores(JsonObject row) {
        long used = row.number("cores") - row.number("free") - row.number("other");
        return used + "/" + row.number("free") + "/" + row.number("other") + "/" + row.number("cores");
    }
}
