// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.hybridvm.JsonObject;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Interactive runs for which no core is free: they wait in the queue, say for what, and can be taken back. */
@WithVm
@Timeout(180)
class RunQueueTest {
    private static final int INTERRUPTED = 128 + 2;

    private Node node;
    private Process holder;

    @BeforeEach
    void takeAllCores(Node up) throws IOException {
        node = up;
        holder = run("/bin/busybox", "cat");
        holder.outputWriter().append("up\n").flush();
        assertThat(holder.inputReader().readLine()).isEqualTo("up");
    }

    @AfterEach
    void giveThemBack() throws Exception {
        holder.outputWriter().close();
        assertThat(holder.waitFor()).isZero();
    }

    @Test
    void shouldWaitForCoresSayWhoseTheyAreAndBeginWhenTheyAreFree() throws Exception {
        Process second = run("/bin/busybox", "echo", "begun");
        BufferedReader words = second.errorReader();
        assertThat(words.readLine()).contains("waits for 2 of 2 cores of " + Node.VM + "/hrt", "before it: job ");
        String job = waiting();
        assertThat(node.hvm("why", job).succeeded().text())
                .contains("Resources", "/bin/busybox cat", "Estimated start: ");
        assertThat(node.hvm("queue").succeeded().text()).contains("PENDING", "RUNNING");

        giveThemBack();

        assertThat(second.inputReader().readLine()).isEqualTo("begun");
        assertThat(second.waitFor()).isZero();
        assertThat(node.json("info", job).text("state")).isEqualTo("COMPLETED");
    }

    @Test
    void shouldLeaveNothingOfARunThatIsInterruptedWhileItWaits() throws Exception {
        Path mark = node.folder().resolve("run-queue.mark");
        Files.deleteIfExists(mark); // of an earlier run
        Process second = run("/bin/busybox", "touch", mark.toString());
        assertThat(second.errorReader().readLine()).contains("waits for ");
        String job = waiting();

        assertThat(new ProcessBuilder("kill", "-INT", String.valueOf(second.pid()))
                        .start()
                        .waitFor())
                .isZero();

        assertThat(second.waitFor()).isEqualTo(INTERRUPTED);
        assertThat(node.json("info", job).text("state")).isEqualTo("CANCELLED");
        assertThat(node.json("queue").objects("jobs")).hasSize(1);
        giveThemBack();
        node.onCores(2, "/bin/busybox", "true").succeeded(); // whoever waits is begun before it
        assertThat(mark).doesNotExist();
    }

    private Process run(String... program) throws IOException {
        String[] words = {"run", "--vm", Node.VM, "--cores", "2", "--"};
        ProcessBuilder command = node.command(words);
        command.command().addAll(List.of(program));
        return command.start();
    }

    /** The number of the one job that waits. */
    private String waiting() {
        List<JsonObject> waiting = node.json("queue").objects("jobs").stream()
                .filter(job -> job.text("state").equals("PENDING"))
                .toList();
        assertThat(waiting).hasSize(1);
        return String.valueOf(waiting.getFirst().number("job"));
    }
}
