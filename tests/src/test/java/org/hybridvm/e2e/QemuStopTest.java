// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.hybridvm.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** SIGSTOP of one VM's QEMU beside another VM: it is flagged, and nothing else is touched. scripts/qemu-kill-sweep keeps the figures. */
@Timeout(300)
class QemuStopTest {
    private static final String REPORT_VARIABLE = "HVM_TEST_REPORT";
    private static final String OTHER = "beside";
    private static final String LAYOUT =
            "memory: 512MiB\nhost: {policy: shared}\nmounts: [.]\npartitions:\n  - {name: hrt, cores: 1}\n";
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int RUNS = 5;
    private static final int QUESTIONS = 200;

    private final Map<String, Object> figures = new LinkedHashMap<>();

    @Test
    void shouldFlagAStoppedQemuAndServeTheOtherVmAsBefore() throws Exception {
        try (var node = new Node(Tree.ROOT.resolve("tests/build/work"), LAYOUT)) {
            node.requireVm();
            Path layout = Files.writeString(node.home().resolve("beside.yaml"), "name: " + OTHER + "\n" + LAYOUT);
            node.hvm("launch", layout.toString()).succeeded();
            try {
                stopAndGoOn(node);
            } finally {
                node.hvm("destroy", OTHER);
            }
        } finally {
            report();
        }
    }

    private void stopAndGoOn(Node node) throws Exception {
        long pid = node.json("info", Node.VM).number("pid");
        String boot = bootId(node, Node.VM);
        figures.put("get_p99_ms_before", questions(node));

        signal("-STOP", pid);
        try {
            long stopped = System.nanoTime();
            Await.until("STALLED", LIMIT, () -> isStalled(node));
            figures.put("flagged_ms", (System.nanoTime() - stopped) / 1_000_000);
            for (int run = 1; run <= RUNS; run++) {
                node.hvm("run", "--vm", OTHER, "--", "/bin/busybox", "true").succeeded();
                figures.put("runs_beside", run);
            }
            figures.put("get_p99_ms", questions(node));
            assertThat(isStalled(node)).isTrue();
        } finally {
            signal("-CONT", pid);
        }
        Await.until("READY", LIMIT, node::isUp);
        assertThat(bootId(node, Node.VM)).isEqualTo(boot);
        figures.put("went_on", true);
    }

    private static boolean isStalled(Node node) {
        return node.json("info", Node.VM).text("state").equals("STALLED");
    }

    private static String bootId(Node node, String vm) {
        return node.hvm("run", "--vm", vm, "--linux", "--", "/bin/busybox", "cat", "/proc/sys/kernel/random/boot_id")
                .succeeded()
                .text();
    }

    /** Each is answered. @return the 99th percentile, milliseconds */
    private static double questions(Node node) {
        List<String> answers = Commands.run(
                        new ProcessBuilder(
                                "curl",
                                "-sS",
                                "--unix-socket",
                                node.home().resolve("run/hvmd.sock").toString(),
                                "-o",
                                "/dev/null",
                                "-w",
                                "%{http_code} %{time_total}\n",
                                "http://hvm/v1/vms#[1-" + QUESTIONS + "]"),
                        new byte[0],
                        LIMIT)
                .succeeded()
                .text()
                .lines()
                .toList();
        assertThat(answers)
                .hasSize(QUESTIONS)
                .allSatisfy(answer -> assertThat(answer).startsWith("200 "));
        double p99 = answers.stream()
                .mapToDouble(answer -> Double.parseDouble(answer.split(" ")[1]))
                .sorted()
                .toArray()[QUESTIONS * 99 / 100 - 1];
        return Math.round(p99 * 1e5) / 100.0;
    }

    private static void signal(String name, long pid) throws Exception {
        assertThat(new ProcessBuilder("/bin/kill", name, String.valueOf(pid))
                        .start()
                        .waitFor())
                .isZero();
    }

    private void report() throws IOException {
        String folder = System.getenv(REPORT_VARIABLE);
        if (folder != null) {
            Files.writeString(Path.of(folder, "qemu-stop.json"), Json.writePretty(figures));
        }
    }
}
