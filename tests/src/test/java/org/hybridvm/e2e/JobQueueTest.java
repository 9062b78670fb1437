// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.hybridvm.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Batch jobs: submitted, queued, ended, and what is left of them. */
@WithVm
@Timeout(180)
class JobQueueTest {
    @Test
    void shouldRunABatchScriptOnTheHrtAndKeepItsOutput(Node node) throws IOException {
        Path script = script(node, "hello", """
                #!/bin/busybox sh
                #SBATCH --job-name=hello
                #SBATCH --output=%x.out --error=%x.err
                echo "job $SLURM_JOB_NAME says $1"
                echo trouble >&2
                exit 3
                """);

        Outcome outcome = node.hvm("submit", "--wait", "--parsable", script.toString(), "hi")
                .endedWith(3);

        assertThat(node.folder().resolve("hello.out")).hasContent("job hello says hi");
        assertThat(node.folder().resolve("hello.err")).hasContent("trouble");
        String job = outcome.text().strip();
        assertThat(node.json("info", job).text("state")).isEqualTo("FAILED");
        assertThat(node.hvm("logs", job).succeeded().text()).isEqualTo("job hello says hi\n");
    }

    @Test
    void shouldRunAnArrayAndWhatDependsOnIt(Node node) throws IOException {
        String array = submit(
                node,
                "--array",
                "0-2",
                "--output",
                "task.%a",
                "--",
                "/bin/busybox",
                "sh",
                "-c",
                "echo $SLURM_ARRAY_TASK_ID");
        String after = submit(
                node, "--dependency", "afterok:" + array, "--output", "after", "--", "/bin/busybox", "echo", "all");

        await(node, after, "COMPLETED");

        for (int task = 0; task < 3; task++) {
            assertThat(node.folder().resolve("task." + task)).hasContent(String.valueOf(task));
        }
        assertThat(node.folder().resolve("after")).hasContent("all");
        assertThat(node.json("info", array + "_2").number("job")).isEqualTo(Long.parseLong(array) + 2);
        assertThat(node.hvm("acct", "-j", array + "_1").succeeded().text().lines())
                .hasSize(2);
        assertThat(node.hvm("list", "--partitions").succeeded().text()).contains(Node.VM + "/hrt", "up");
    }

    @Test
    void shouldHoldReleaseCancelAndRequeue(Node node) {
        String held = submit(node, "--hold", "--output", "/dev/null", "--", "/bin/busybox", "true");
        await(node, held, "PENDING");
        assertThat(node.hvm("why", held).succeeded().text()).contains("JobHeldUser");
        node.hvm("release", held).succeeded();
        await(node, held, "COMPLETED");
        node.hvm("requeue", held).succeeded();
        await(node, held, "COMPLETED");

        String endless = submit(node, "--output", "/dev/null", "--", "/bin/busybox", "sleep", "1000");
        await(node, endless, "RUNNING");
        assertThat(node.hvm("queue").succeeded().text()).contains("RUNNING");
        node.hvm("cancel", endless).succeeded();
        await(node, endless, "CANCELLED");
    }

    @Test
    void shouldEndAJobAtItsTimeLimitAfterAWarning(Node node) throws IOException {
        Path script = script(node, "limit", """
                #!/bin/busybox sh
                #HVM --time 0:04 --signal USR1@3 --output limit.out
                trap 'echo warned' USR1
                while :; do :; done
                """);

        String job = submit(node, script.toString());

        await(node, job, "TIMEOUT");
        assertThat(node.folder().resolve("limit.out")).hasContent("warned");
    }

    @Test
    void shouldKeepTheQueueWhenHvmdIsKilled(Node node) throws InterruptedException {
        String running = submit(node, "--output", "/dev/null", "--", "/bin/busybox", "sleep", "1000");
        await(node, running, "RUNNING");
        String waiting = submit(node, "--hold", "--output", "/dev/null", "--", "/bin/busybox", "true");

        ProcessHandle hvmd =
                ProcessHandle.of(node.json("version").number("pid")).orElseThrow();
        hvmd.destroyForcibly();
        hvmd.onExit().join();

        assertThat(node.json("info", running).text("state")).isEqualTo("RUNNING");
        node.hvm("cancel", running).succeeded();
        await(node, running, "CANCELLED");
        node.hvm("release", waiting).succeeded();
        await(node, waiting, "COMPLETED");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--linux", "--hold"})
    void shouldEndAJobThatTakesMoreMemoryThanItMay(String where, Node node) {
        String job = submit(
                node,
                where,
                "--mem",
                "32M",
                "--output",
                "/dev/null",
                "--",
                "/bin/busybox",
                "dd",
                "if=/dev/zero",
                "of=/dev/null",
                "bs=100M",
                "count=1");
        if (where.equals("--hold")) {
            node.hvm("release", job).succeeded(); // on the HRT
        }

        await(node, job, "OUT_OF_MEMORY");

        assertThat(node.json("info", job).text("reason")).contains("its limit is 32 MiB");
        assertThat(node.json("stat", job).number("peak_memory_bytes")).isBetween(16L << 20, 32L << 20);
        assertThat(node.hvm("acct", "-j", job).succeeded().text()).contains("OUT_OF_MEMORY", "MiB");
    }

    @Test
    void shouldRunProgramsOfAScriptOnItsHrtCores(Node node) throws IOException {
        Path script = script(node, "steps", """
                #!/bin/busybox sh
                srun -n 1 /bin/busybox sh -c 'exit 7'
                echo "status $? of job $SLURM_JOB_ID on $HVM_JOB_KIND"
                srun -n 99 /bin/busybox true
                echo "status $?"
                """);
        String[] linux = {"--linux", "--cores", "1", "--output", "linux.out", "--error", "linux.err"};

        String first = submit(
                node,
                Stream.concat(Stream.of(linux), Stream.of(script.toString())).toArray(String[]::new));
        await(node, first, "COMPLETED");
        assertThat(node.folder().resolve("linux.out")).hasContent("status 7 of job " + first + " on linux\nstatus 1");
        assertThat(node.folder().resolve("linux.err"))
                .content()
                .contains("started ") // the proxy's report
                .contains("srun: the job does not have 99 HRT cores; allowed: 1 to 1");

        Path quiet = script(node, "quiet", """
                #!/bin/busybox sh
                srun -Q /bin/busybox true
                srun --quiet /bin/no-such-program
                """);
        String[] silent = {"--linux", "--cores", "1", "--output", "quiet.out", quiet.toString()};
        await(node, submit(node, silent), "FAILED");
        assertThat(node.folder().resolve("quiet.out"))
                .content()
                .contains("refused ") // errors remain
                .doesNotContain("started ", "stats ");

        String second = submit(node, "--output", "hrt.out", script.toString());
        await(node, second, "COMPLETED");
        assertThat(node.folder().resolve("hrt.out")).hasContent("status 7 of job " + second + " on hrt\nstatus 0");
    }

    @Test
    void shouldFollowAJobAndTellWhatItUses(Node node) throws IOException {
        Path script = script(node, "talker", """
                #!/bin/busybox sh
                #SBATCH --output talker.out
                echo begun
                while ! [ -e go ]; do sleep 0.1; done
                echo ended
                exit 4
                """);
        Files.deleteIfExists(node.folder().resolve("go")); // of an earlier run
        String job = submit(node, script.toString());
        await(node, job, "RUNNING");

        assertThat(node.json("stat", job).number("peak_memory_bytes")).isPositive();
        assertThat(node.hvm("stat", job).succeeded().text()).contains("RUNNING").contains("MiB");
        Files.createFile(node.folder().resolve("go"));

        assertThat(node.hvm("attach", job).endedWith(4).text()).isEqualTo("begun\nended\n");
        assertThat(node.json("info", job).object("usage").number("peak_memory_bytes"))
                .isPositive();
    }

    private static String submit(Node node, String... words) {
        var all = new ArrayList<>(List.of("submit", "--parsable", "--vm", Node.VM));
        all.addAll(List.of(words));
        return node.hvm(all.toArray(String[]::new)).succeeded().text().strip();
    }

    private static void await(Node node, String job, String state) {
        JsonObject facts = node.json("info", job);
        while (!facts.text("state").equals(state)) {
            assertThat(facts.has("exit_code")).as("%s", facts.asMap()).isFalse();
            facts = node.json("info", job);
        }
    }

    private static Path script(Node node, String name, String text) throws IOException {
        return Files.writeString(node.folder().resolve(name), text);
    }
}
