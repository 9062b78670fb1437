// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * SIGKILL of QEMU, over and over: it is told, the job ends, what the VM had is free, and nothing is left behind. Three times;
 * as often as the variable {@value #COUNT_VARIABLE} says in scripts/qemu-kill-sweep, which keeps the figures.
 */
@Timeout(7200)
class QemuKillTest {
    private static final String COUNT_VARIABLE = "HVM_TEST_KILLS";
    private static final String REPORT_VARIABLE = "HVM_TEST_REPORT";
    /** UUIDs of those that were killed: what others have of the host is theirs. */
    private static final List<String> VMS = new ArrayList<>();

    private static final int SHOWN = 10;
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String LAYOUT = "memory: 512MiB\nmounts: [.]\npartitions:\n  - {name: hrt, cores: 1}\n";

    private final int count = Integer.parseInt(System.getenv().getOrDefault(COUNT_VARIABLE, "3"));
    private final List<Long> told = new ArrayList<>();
    private final List<Long> freed = new ArrayList<>();
    private final List<Long> ended = new ArrayList<>();
    private Map<String, Long> before = Map.of();
    private Map<String, Long> after = Map.of();

    @Test
    void shouldFreeAllThatAVmHadWhenItsQemuIsKilled() throws Exception {
        try (var node = new Node(Tree.ROOT.resolve("tests/build/work"), LAYOUT)) {
            kill(node); // what is made once is there then
            List.of(told, freed, ended).forEach(List::clear);
            before = holdings(node);
            for (int i = 1; i <= count; i++) {
                kill(node);
                if (i % SHOWN == 0 || i == count) {
                    System.err.printf("qemu-kill-sweep: %d of %d kills%n", i, count);
                }
            }
            try {
                Await.until("nothing is left", LIMIT, () -> isNoMore(holdings(node), before));
            } finally {
                after = holdings(node);
            }
        } finally {
            report();
        }
    }

    private void kill(Node node) throws Exception {
        node.requireVm();
        JsonObject vm = node.json("info", Node.VM);
        long pid = vm.number("pid");
        VMS.add(vm.text("uuid"));
        long from = get(node, "/v1/events?limit=1").number("newest");
        Process job = node.command("run", "--vm", Node.VM, "--", "/bin/busybox", "sleep", "600")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        Await.until(
                "the job runs",
                LIMIT,
                () -> find(node, from, "job.state", "RUNNING").isPresent());

        Instant kill = Instant.now();
        assertThat(ProcessHandle.of(pid).orElseThrow().destroyForcibly()).isTrue();

        Await.until(
                "the job ends",
                LIMIT,
                () -> find(node, from, "job.state", "NODE_FAIL").isPresent());
        Await.until(
                "the cores are free",
                LIMIT,
                () -> find(node, from, "vm.freed", "").isPresent());
        told.add(since(kill, find(node, from, "vm.state", "FAILED").orElseThrow()));
        freed.add(since(kill, find(node, from, "vm.freed", "").orElseThrow()));
        ended.add(since(kill, find(node, from, "job.state", "NODE_FAIL").orElseThrow()));
        assertThat(job.waitFor()).isEqualTo(125);
    }

    private static java.util.Optional<JsonObject> find(Node node, long after, String kind, String state) {
        return get(node, "/v1/events?limit=1000&kind=" + kind + "&after=" + after).objects("events").stream()
                .filter(event ->
                        state.isEmpty() || event.object("facts").text("state").equals(state))
                .findFirst();
    }

    private static long since(Instant kill, JsonObject event) {
        return Duration.between(kill, Instant.parse(event.text("time"))).toMillis();
    }

    private static JsonObject get(Node node, String path) {
        Outcome answer = Commands.run(
                new ProcessBuilder(
                        "curl",
                        "-sS",
                        "--unix-socket",
                        node.home().resolve("run/hvmd.sock").toString(),
                        "http://hvm" + path),
                new byte[0],
                LIMIT);
        return JsonObject.parse(answer.succeeded().text());
    }

    /** What hvmd and its VMs have of the host. */
    private static Map<String, Long> holdings(Node node) {
        long hvmd = node.json("version").number("pid");
        var holdings = new LinkedHashMap<String, Long>();
        try {
            holdings.put("processes of VMs", processesOf(node));
            holdings.put("descriptors of hvmd", entries(Path.of("/proc/" + hvmd + "/fd")));
            holdings.put("sockets", entries(node.home().resolve("run/vm")));
            holdings.put("shared memory of VMs", sharedMemory());
            holdings.put("cgroups of VMs", cgroups());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return holdings;
    }

    /** Descriptors come and go with requests; a leak would grow by one a kill at least. */
    private static boolean isNoMore(Map<String, Long> now, Map<String, Long> before) {
        return now.entrySet().stream()
                .allMatch(each -> each.getValue()
                        <= before.get(each.getKey()) + (each.getKey().startsWith("descriptors") ? 2 : 0));
    }

    private static long processesOf(Node node) throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc"))) {
            return all.filter(each -> each.getFileName().toString().matches("[0-9]+"))
                    .map(each -> read(each.resolve("cmdline")))
                    .filter(line -> (line.contains("qemu-system") || line.contains("virtiofsd"))
                            && line.contains(node.home().toString())
                            && !line.contains("org.hybridvm"))
                    .count();
        }
    }

    private static long sharedMemory() {
        return VMS.stream()
                .filter(uuid -> Files.exists(Path.of("/dev/shm/hvm-" + uuid)))
                .count();
    }

    private static long cgroups() throws IOException {
        try (Stream<Path> all = Files.find(
                Path.of("/sys/fs/cgroup"),
                4,
                (path, attributes) -> attributes.isDirectory()
                        && path.getFileName().toString().replace("\\x2d", "-").contains("hvm-" + Node.VM))) {
            return all.count();
        } catch (java.io.UncheckedIOException e) {
            return 0; // one went away meanwhile
        }
    }

    private static long entries(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return 0;
        }
        try (Stream<Path> all = Files.list(folder)) {
            return all.count();
        }
    }

    private static String read(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }

    /** Also of a sweep that came to no end: it has fewer kills than were wanted. */
    private void report() throws IOException {
        String folder = System.getenv(REPORT_VARIABLE);
        if (folder == null) {
            return;
        }
        var json = new LinkedHashMap<String, Object>();
        json.put("kills_wanted", count);
        json.put("kills", ended.size());
        json.put("event_ms", figures(told));
        json.put("cores_free_ms", figures(freed));
        json.put("job_ended_ms", figures(ended));
        json.put("before", before);
        json.put("after", after);
        Files.writeString(Path.of(folder, "qemu-kill-sweep.json"), Json.writePretty(json));
        var text = new StringBuilder("# SIGKILL of QEMU, " + ended.size() + " of " + count + " times\n\n"
                + "Milliseconds from the signal to the event's time in hvmd's log of events.\n\n"
                + "| what | median | 90 % | longest | target |\n| --- | --- | --- | --- | --- |\n");
        row(text, "`vm.state` FAILED", told, "median 100");
        row(text, "`vm.freed`: cores, sockets, shared memory", freed, "1000");
        row(text, "`job.state` NODE_FAIL", ended, "1000");
        text.append("\n| held | before | after |\n| --- | --- | --- |\n");
        before.forEach((what, number) -> text.append("| %s | %d | %s |\n".formatted(what, number, after.get(what))));
        Files.writeString(Path.of(folder, "qemu-kill-sweep.md"), text);
    }

    private static Map<String, Object> figures(List<Long> times) {
        return times.isEmpty()
                ? Map.of()
                : Map.of("median", at(times, 0.5), "p90", at(times, 0.9), "max", at(times, 1), "all", times);
    }

    private static void row(StringBuilder text, String what, List<Long> times, String target) {
        if (!times.isEmpty()) {
            text.append("| %s | %d | %d | %d | %s |\n"
                    .formatted(what, at(times, 0.5), at(times, 0.9), at(times, 1), target));
        }
    }

    private static long at(List<Long> times, double share) {
        List<Long> sorted = times.stream().sorted().toList();
        return sorted.get((int) Math.min(sorted.size() - 1, Math.floor(share * sorted.size())));
    }
}
