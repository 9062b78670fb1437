// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.hybridvm.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** kill -9 of hvmd while jobs run: they go on, nothing of them is lost or doubled, and the next hvmd knows how they ended. */
@WithVm
@Timeout(300)
class JobAdoptionTest {
    private static final int LINES = 3000;

    @Test
    void shouldGoOnWithBatchJobsAndTellTheirTrueEnds(Node node) throws Exception {
        Path go = node.folder().resolve("adoption.go");
        Files.deleteIfExists(go); // of an earlier run
        String script = "echo begun $1; while [ ! -e adoption.go ]; do sleep 0.1; done; echo goes on; exit $1";
        String hrt = submit(node, "--output", "hrt.out", "--", "/bin/busybox", "sh", "-c", script, "x", "4");
        String array = submit(
                node,
                "--linux",
                "--array",
                "0-2",
                "--output",
                "task.%a",
                "--",
                "/bin/busybox",
                "sh",
                "-c",
                "echo begun $SLURM_ARRAY_TASK_ID; while [ ! -e adoption.go ]; do sleep 0.1; done; exit $SLURM_ARRAY_TASK_ID");
        String after = submit(
                node, "--dependency", "afternotok:" + hrt, "--output", "after", "--", "/bin/busybox", "echo", "last");
        awaitText(node.folder().resolve("hrt.out"), "begun 4\n");
        awaitText(node.folder().resolve("task.2"), "begun 2\n");

        killHvmd(node);
        long killed = System.nanoTime();
        assertThat(state(node, hrt)).isEqualTo("RUNNING");
        awaitLog(node, "jobs met vm=" + Node.VM + " adopted=4");
        System.out.printf(
                "4 jobs were adopted %d ms after the kill of hvmd, its start and two commands among it%n",
                TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - killed));

        killHvmd(node);
        Files.createFile(go); // some end while no hvmd runs
        awaitText(node.folder().resolve("hrt.out"), "begun 4\ngoes on\n");

        awaitState(node, hrt, "FAILED");
        assertThat(node.json("info", hrt).number("exit_code")).isEqualTo(4);
        awaitState(node, array, "COMPLETED");
        awaitState(node, String.valueOf(Integer.parseInt(array) + 2), "FAILED");
        assertThat(node.json("info", String.valueOf(Integer.parseInt(array) + 2))
                        .number("exit_code"))
                .isEqualTo(2);
        awaitState(node, after, "COMPLETED");
        assertThat(node.folder().resolve("after")).hasContent("last");
    }

    @Test
    void shouldKeepTheStreamsOfARunWhole(Node node) throws Exception {
        Process run = node.command("run", "--vm", Node.VM, "--", "/bin/busybox", "cat")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        // not in the common pool: it may have one thread, which ProcessHandle.onExit needs
        CompletableFuture<String> output =
                CompletableFuture.supplyAsync(() -> read(run.getInputStream()), Thread::startVirtualThread);
        for (int part = 0; part < 3; part++) {
            OutputStream input = run.getOutputStream();
            for (int line = part * LINES; line < (part + 1) * LINES; line++) {
                input.write(("line " + line + "\n").getBytes(StandardCharsets.UTF_8));
                if (line == part * LINES + LINES / 2) {
                    input.flush();
                    killHvmd(node);
                }
            }
            input.flush();
        }
        run.getOutputStream().close();

        assertThat(run.waitFor(120, TimeUnit.SECONDS)).isTrue();
        assertThat(run.exitValue()).isZero();
        assertThat(output.get())
                .isEqualTo(IntStream.range(0, 3 * LINES)
                        .mapToObj(line -> "line " + line + "\n")
                        .collect(Collectors.joining()));
    }

    @Test
    void shouldKeepTheReportOfARunAndItsStatus(Node node) throws Exception {
        Process run = node.command("run", "--vm", Node.VM, "--", "/bin/busybox", "sh", "-c", "read line; exit 7")
                .start();
        String job = awaitRun(node);
        killHvmd(node);
        run.getOutputStream().write('\n');
        run.getOutputStream().flush();
        assertThat(run.waitFor(120, TimeUnit.SECONDS)).isTrue();
        assertThat(run.exitValue()).isEqualTo(7);
        String log = node.hvm("logs", job).succeeded().text();
        assertThat(log.lines().filter(line -> line.contains(" started cores="))).hasSize(1);
    }

    private static String awaitRun(Node node) {
        while (true) {
            List<JsonObject> live = node.json("jobs").objects("jobs").stream()
                    .filter(job -> job.text("state").equals("RUNNING"))
                    .toList();
            if (!live.isEmpty()) {
                return String.valueOf(live.getFirst().number("job"));
            }
        }
    }

    private static String read(InputStream stream) {
        try {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void killHvmd(Node node) {
        ProcessHandle hvmd =
                ProcessHandle.of(node.json("version").number("pid")).orElseThrow();
        hvmd.destroyForcibly();
        hvmd.onExit().orTimeout(60, TimeUnit.SECONDS).join();
    }

    private static String submit(Node node, String... words) {
        var all = new ArrayList<>(List.of("submit", "--parsable", "--vm", Node.VM));
        all.addAll(List.of(words));
        return node.hvm(all.toArray(String[]::new)).succeeded().text().strip();
    }

    private static String state(Node node, String job) {
        return node.json("info", job).text("state");
    }

    private static void awaitState(Node node, String job, String state) {
        JsonObject facts = node.json("info", job);
        while (!facts.text("state").equals(state)) {
            assertThat(facts.has("exit_code")).as("%s", facts.asMap()).isFalse();
            facts = node.json("info", job);
        }
    }

    private static void awaitLog(Node node, String words) {
        while (!node.hvm("logs", "hvmd").succeeded().text().contains(words)) {
            Thread.onSpinWait();
        }
    }

    /** Until the file has that text; the class's limit is ours. */
    private static void awaitText(Path file, String text) throws IOException, InterruptedException {
        while (!Files.exists(file) || !Files.readString(file).equals(text)) {
            Thread.sleep(20);
        }
    }
}
