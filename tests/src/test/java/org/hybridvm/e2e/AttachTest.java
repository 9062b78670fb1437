// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedWriter;
import java.io.IOException;
import org.hybridvm.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A second terminal beside that of {@code hvm run}, and what can be told of a run while it goes on. */
@WithVm
@Timeout(180)
class AttachTest {
    private static final int TERMINATED = 128 + 15;

    /** The shell begins a child for each line, so that most of what the job does is done by processes that are gone. */
    private static final String ECHO = "while read line; do /bin/busybox echo $line; done";

    @Test
    void shouldShowARunAtASecondTerminalThatMaySignalIt(Node node) throws Exception {
        Process run = node.command("run", "--stats", "--vm", Node.VM, "--", "/bin/busybox", "sh", "-c", ECHO)
                .start();
        String job = run.errorReader().readLine().split(" ")[2]; // hvm: job N on VM/PARTITION
        BufferedWriter input = run.outputWriter();
        say(input, "one");
        assertThat(run.inputReader().readLine()).isEqualTo("one");

        Process second = node.command("attach", "--signal", "--from", "0", job).start();
        assertThat(second.inputReader().readLine()).isEqualTo("one");
        say(input, "two");
        assertThat(second.inputReader().readLine()).isEqualTo("two");
        assertThat(run.inputReader().readLine()).isEqualTo("two");

        JsonObject counters = node.json("stat", job).object("hrt");
        assertThat(counters.number("processes")).isGreaterThanOrEqualTo(3); // two children have ended
        assertThat(counters.number("calls_forwarded")).isPositive();
        assertThat(counters.number("page_faults")).isPositive();

        second.destroy(); // SIGTERM, which goes to the job
        assertThat(run.waitFor()).isEqualTo(TERMINATED);
        assertThat(second.waitFor()).isEqualTo(TERMINATED);
        node.hvm("attach", job).endedWith(1);
        assertThat(node.json("stat", job).has("hrt")).isFalse();
    }

    private static void say(BufferedWriter input, String line) throws IOException {
        input.write(line + "\n");
        input.flush();
    }
}
