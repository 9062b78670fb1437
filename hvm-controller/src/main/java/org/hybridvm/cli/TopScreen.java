// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.hybridvm.JsonObject;

/** The text of {@code hvm top}. */
final class TopScreen {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("HH:mm:ss").withZone(ZoneId.systemDefault());
    private static final List<String> RATES = List.of(
            "calls_local", "calls_forwarded", "page_faults", "doorbells", "interrupts", "shootdowns", "preemptions");

    private TopScreen() {}

    static String of(JsonObject facts) {
        return String.join("\n", head(facts) + "\n", cores(facts), partitions(facts), vms(facts), jobs(facts));
    }

    private static String head(JsonObject facts) {
        var states = new TreeMap<String, Integer>();
        facts.objects("jobs").forEach(job -> states.merge(job.text("state"), 1, Integer::sum));
        long total = facts.number("memory_mib");
        return "%s  %d host cores, %d VMs, %s; memory %s of %s GiB in use"
                .formatted(
                        TIME.format(Instant.parse(facts.text("time"))),
                        facts.objects("cores").size(),
                        facts.objects("vms").size(),
                        states.isEmpty()
                                ? "no jobs"
                                : states.entrySet().stream()
                                        .map(one -> one.getValue() + " "
                                                + one.getKey().toLowerCase(Locale.ROOT))
                                        .collect(Collectors.joining(", ", "jobs: ", "")),
                        gibibytes(total - facts.number("available_mib")),
                        gibibytes(total));
    }

    private static String cores(JsonObject facts) {
        var table = new Table("CORE", "LOAD", "OWNER", "USED BY");
        for (JsonObject core : facts.objects("cores")) {
            table.row(core.number("core"), load(core, "load"), core.text("owner"), users(core));
        }
        return table.toString();
    }

    /** {@code demo/linux: vCPU 0, 1}. */
    private static String users(JsonObject core) {
        Map<String, List<String>> users = new TreeMap<>();
        for (JsonObject user : core.objects("users")) {
            users.computeIfAbsent(user.text("vm") + "/" + user.text("partition"), name -> new ArrayList<>())
                    .add(String.valueOf(user.number("vcpu")));
        }
        return users.isEmpty()
                ? null
                : users.entrySet().stream()
                        .map(user -> user.getKey() + ": vCPU " + String.join(", ", user.getValue()))
                        .collect(Collectors.joining("; "));
    }

    private static String partitions(JsonObject facts) {
        var table = new Table(
                "PARTITION",
                "LOAD",
                "CORES",
                "BUSY",
                "CALLS/S",
                "TO LINUX/S",
                "FAULTS/S",
                "DOORBELLS/S",
                "INTERRUPTS/S",
                "SHOOTDOWNS/S",
                "PREEMPTIONS/S");
        for (JsonObject partition : facts.objects("partitions")) {
            boolean hrt = partition.text("kind").equals("hrt");
            var row = new ArrayList<Object>();
            row.add(partition.text("vm") + "/" + partition.text("partition"));
            row.add(load(partition, "load"));
            row.add(partition.number("cores"));
            row.add(
                    hrt
                            ? partition.texts("states").stream()
                                    .filter("running"::equals)
                                    .count()
                            : null);
            for (String rate : RATES) {
                row.add(partition
                        .object("rates")
                        .optionalDecimal(rate)
                        .map(TopScreen::rate)
                        .orElse(null));
            }
            table.row(row.toArray());
        }
        return table.toString();
    }

    private static String vms(JsonObject facts) {
        var table =
                new Table("VM", "STATE", "PID", "MEMORY MIB", "RESIDENT", "EMULATOR", "LINUX FREE MIB", "PROCESSES");
        for (JsonObject vm : facts.objects("vms")) {
            JsonObject linux = vm.object("linux");
            table.row(
                    vm.text("name"),
                    vm.text("state"),
                    vm.asMap().get("pid"),
                    vm.number("memory_mib"),
                    vm.number("resident_mib"),
                    load(vm, "emulator_load"),
                    linux.optionalText("free_kb")
                            .map(text -> Long.parseLong(text) / 1024)
                            .orElse(null),
                    linux.text("processes", null));
        }
        return table.toString();
    }

    private static String jobs(JsonObject facts) {
        var table = new Table("JOB", "STATE", "TIME", "CORES", "WHERE", "COMMAND");
        for (JsonObject job : facts.objects("jobs")) {
            table.row(
                    JobsCommand.number(job),
                    job.text("state"),
                    JobsCommand.time(job),
                    job.number("cores"),
                    job.text("vm") + "/" + job.text("partition"),
                    JobsCommand.command(job.texts("command")));
        }
        return table.toString();
    }

    private static String load(JsonObject facts, String name) {
        return facts.optionalDecimal(name)
                .map(load -> String.format(Locale.ROOT, "%.1f%%", 100 * load))
                .orElse(null);
    }

    private static String rate(double rate) {
        return String.format(Locale.ROOT, rate < 10 && rate > 0 ? "%.1f" : "%.0f", rate);
    }

    private static String gibibytes(long mebibytes) {
        return String.format(Locale.ROOT, "%.1f", mebibytes / 1024.0);
    }
}
