// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A program that dies on the HRT is named with signal, address and backtrace; the partition and Linux go on. */
@WithVm
@Timeout(120)
class FaultTest {
    private Node node;
    private String fault;

    @BeforeEach
    void copyPrograms(Node up) throws IOException {
        node = up;
        fault = Programs.in(up.folder()).path("fault").toString();
    }

    @ParameterizedTest
    @CsvSource({
        "null,    11, SIGSEGV, dereference_null",
        "divide,   8, SIGFPE,  divide_by_zero",
        "illegal,  4, SIGILL,  illegal_instruction",
        "stack,   11, SIGSEGV, overflow_stack"
    })
    void shouldNameTheSignalAndTheFunction(String way, int signal, String name, String function) {
        double before = uptime();

        Outcome died = node.run(fault, way).endedWith(128 + signal);

        assertThat(died.errors())
                .contains(name)
                .contains("rip 0x")
                .contains("#0 ")
                .contains(function);
        assertReady(before);
    }

    @Test
    void shouldTellTheAddressOfAFault() {
        assertThat(node.run(fault, "null").endedWith(139).errors()).contains("SIGSEGV at address 0x0 ");
    }

    @Test
    void shouldNameAStackOverflow() {
        assertThat(node.run(fault, "stack").endedWith(139).errors()).contains(", stack overflow ");
    }

    @Test
    void shouldTellWhereAProgramAborted() {
        assertThat(node.run(fault, "abort").endedWith(134).errors())
                .contains("SIGABRT")
                .contains("rip 0x")
                .contains("abort+");
    }

    @Test
    void shouldEndAnEndlessLoopByAnInterrupt() throws IOException, InterruptedException {
        double before = uptime();
        File report = Files.createTempFile(node.folder(), "loop", ".txt").toFile();
        Process loop = node.command("run", "--vm", Node.VM, "--", fault, "loop")
                .redirectError(report)
                .start();
        try (BufferedReader output = loop.inputReader()) {
            assertThat(output.readLine()).isEqualTo("looping");
            new ProcessBuilder("kill", "-INT", String.valueOf(loop.pid()))
                    .start()
                    .waitFor();

            assertThat(loop.waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(loop.exitValue()).isEqualTo(128 + 2);
            assertThat(Files.readString(report.toPath())).contains("rip 0x").contains("loop_for_ever+");
        } finally {
            loop.destroyForcibly();
        }
        assertReady(before);
    }

    @Test
    void shouldEndAJobAfterItsTime() {
        Outcome ended = Commands.run(
                node.command("run", "--vm", Node.VM, "--time", "2", "--", fault, "loop"),
                new byte[0],
                Duration.ofSeconds(30));

        assertThat(ended.status()).isIn(128 + 15, 128 + 9);
        node.run("/bin/busybox", "true").succeeded();
    }

    /** The next program runs at once, and Linux was not booted anew. */
    private void assertReady(double uptimeBefore) {
        node.run("/bin/busybox", "true").succeeded();
        assertThat(uptime()).isGreaterThan(uptimeBefore);
    }

    private double uptime() {
        String text =
                node.linux("/bin/busybox", "cat", "/proc/uptime").succeeded().text();
        return Double.parseDouble(text.split(" ")[0]);
    }
}
