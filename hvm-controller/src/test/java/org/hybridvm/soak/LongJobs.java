// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.soak;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.hybridvm.Json;

/** Jobs that last as long as a sweep, those that wait behind them, and one whose output a client reads all the time. */
final class LongJobs {
    private static final String END = "go";
    private static final String WATCHED_END = "go-watched";
    private static final String WATCHED = "watched.out";
    private static final int END_SECONDS = 120;

    private final RealHvmd hvmd;
    private final History history;
    private final List<Integer> jobs = new ArrayList<>();

    LongJobs(RealHvmd hvmd, History history) {
        this.hvmd = hvmd;
        this.history = history;
    }

    /** Each VM's HRT core runs one of them, others run in the Linux partitions, and all else waits for the HRT cores. */
    void submit(KillSweep.Numbers numbers) throws IOException {
        int linux = Math.max(0, numbers.running() - numbers.vms());
        try (var connection = new Exchange(hvmd.socket())) {
            for (int job = 0; job < numbers.running() + numbers.waiting(); job++) {
                submit(connection, numbers.names().get(job % numbers.vms()), job < linux);
            }
        }
    }

    private void submit(Exchange connection, String vm, boolean linux) throws IOException {
        var options = new java.util.TreeMap<String, String>(Map.of("--vm", vm, "--output", "out.%j"));
        if (linux) {
            options.put("--linux", "");
        }
        String body = Json.write(Map.of(
                "program", "/bin/busybox",
                "arguments", List.of("sh", "-c", NumberedLines.script(END)),
                "directory", hvmd.folder().toString(),
                "environment", List.of(),
                "options", options));
        Exchange.Answer answer = connection.ask(
                "POST", "/v1/jobs", Map.of("Idempotency-Key", UUID.randomUUID().toString()), body);
        if (answer.status() != 200) {
            throw new IOException("a job was refused: " + answer);
        }
        int job = (int) answer.json().number("job");
        jobs.add(job);
        history.acknowledged(job);
    }

    /** hvm run, which connects to one hvmd after another. */
    Process watch(String vm) throws IOException {
        return hvmd.command(
                        "run",
                        "--vm",
                        vm,
                        "--linux",
                        "--",
                        "/bin/busybox",
                        "sh",
                        "-c",
                        "HVM_JOB_ID=0\n" + NumberedLines.script(WATCHED_END))
                .redirectOutput(hvmd.folder().resolve(WATCHED).toFile())
                .redirectError(hvmd.folder().resolve("watched.err").toFile())
                .start();
    }

    void endWatched() throws IOException {
        Files.createFile(hvmd.folder().resolve(WATCHED_END));
    }

    /** True if the client wrote each byte once, and ended as its job. */
    boolean isWatchedWhole(Process client) throws IOException, InterruptedException {
        return client.waitFor(END_SECONDS, TimeUnit.SECONDS)
                && client.exitValue() == 0
                && NumberedLines.isWhole(hvmd.folder().resolve(WATCHED), 0);
    }

    void end() throws IOException {
        Files.createFile(hvmd.folder().resolve(END));
    }

    /** Those whose output is not what they wrote. */
    List<Integer> damaged() throws IOException {
        var damaged = new ArrayList<Integer>();
        for (int job : jobs) {
            if (!NumberedLines.isWhole(output(job), job)) {
                damaged.add(job);
            }
        }
        return damaged;
    }

    private Path output(int job) {
        return hvmd.folder().resolve("out." + job);
    }
}
