// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** kill -9 of each part: it is noticed and named, and the next run works. */
@WithVm
@Timeout(180)
class KillTest {
    @Test
    void shouldOutliveTheDeathOfAProxy(Node node) throws IOException, InterruptedException {
        Process loop = startLoop(node);

        node.linux("/bin/busybox", "sh", "-c", "kill -9 $(pidof hvm-proxy)").succeeded();

        assertThat(loop.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(loop.exitValue()).isEqualTo(128 + 9);
        node.run("/bin/busybox", "true").succeeded();
    }

    /** The parent of a job in the Linux partition is the agent's worker. */
    @Test
    void shouldOutliveTheDeathOfTheAgent(Node node) {
        assumeTrue("root".equals(System.getProperty("user.name")), "only root may kill the agent");
        String before = bootId(node);

        Outcome killer = node.linux("/bin/busybox", "sh", "-c", "kill -9 $PPID").endedWith(125);

        assertThat(killer.errors()).contains("agent");
        assertThat(bootId(node)).isEqualTo(before);
        node.run("/bin/busybox", "true").succeeded();
    }

    @Test
    void shouldKeepTheVmWhenHvmdIsKilledAndAdoptIt(Node node) throws IOException, InterruptedException {
        String before = bootId(node);

        kill(node.json("version").number("pid"));

        assertThat(bootId(node)).isEqualTo(before);
        node.run("/bin/busybox", "true").succeeded();
    }

    @Test
    void shouldNoticeTheDeathOfQemuAndLaunchAnew(Node node) throws IOException, InterruptedException {
        String before = bootId(node);
        Process loop = startLoop(node);

        kill(node.json("info", Node.VM).number("pid"));

        assertThat(loop.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(loop.exitValue()).isEqualTo(125);
        node.requireVm();
        assertThat(bootId(node)).isNotEqualTo(before);
        node.run("/bin/busybox", "true").succeeded();
    }

    @Test
    void shouldRebootAPartitionWhileLinuxGoesOn(Node node) {
        String before = bootId(node);

        node.hvm("reboot", Node.VM + "/hrt").succeeded();

        assertThat(bootId(node)).isEqualTo(before);
        node.run("/bin/busybox", "true").succeeded();
    }

    private static Process startLoop(Node node) throws IOException {
        String fault = Programs.in(node.folder()).path("fault").toString();
        Process loop = node.command("run", "--vm", Node.VM, "--", fault, "loop")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        BufferedReader output = loop.inputReader();
        assertThat(output.readLine()).isEqualTo("looping");
        return loop;
    }

    private static void kill(long pid) throws InterruptedException, IOException {
        ProcessHandle process = ProcessHandle.of(pid).orElseThrow();
        process.destroyForcibly();
        process.onExit()
                .orTimeout(Duration.ofSeconds(10).toSeconds(), TimeUnit.SECONDS)
                .join();
    }

    private static String bootId(Node node) {
        return node.linux("/bin/busybox", "cat", "/proc/sys/kernel/random/boot_id")
                .succeeded()
                .text();
    }
}
