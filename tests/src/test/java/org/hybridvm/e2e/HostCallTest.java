// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Programs of the host call functions on an HRT core of a real VM. */
@WithVm
@Timeout(300)
class HostCallTest {
    private static final Path LIBRARY = Tree.ROOT.resolve("guest-linux-proxy/build/serve/test/libfunctions.so");

    /** A job that wants all cores ends the server, so that the next test finds them free. */
    @AfterEach
    void endTheServer(Node node) {
        node.onCores(2, "/bin/busybox", "true").succeeded();
    }

    @Test
    void shouldCallFunctionsInRing0(Node node) throws IOException {
        ByteBuffer numbers = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
        Files.write(
                node.folder().resolve("numbers"),
                numbers.putLong(1).putLong(20).putLong(300).array());

        assertThat(call(node, "echo", "42")).isEqualTo("42");
        assertThat(call(node, "sum", "@numbers")).isEqualTo("321");
        assertThat(call(node, "hrt.info", "buffer:100")).contains("\nring=0 pid=");
        assertThat(node.hvm("call", Node.VM, "--list").succeeded().text()).contains("sum       (numbers, bytes)");
    }

    @Test
    void shouldCallFunctionsOfALibraryThatAskLinuxForMemory(Node node) throws IOException {
        String library = library(node);

        assertThat(call(node, "--library", library, "multiply", "6", "7")).isEqualTo("42");
        assertThat(call(node, "allocate", "1000000")).isEqualTo("1000000");
        assertThat(call(node, "fill", "buffer:4", "65")).isEqualTo("4\nAAAA");
    }

    @Test
    void shouldTellAFaultAndATimeLimitAndServeOn(Node node) throws IOException {
        String library = library(node);

        assertThat(node.hvm("call", Node.VM, "--library", library, "crash", "0x10")
                        .endedWith(1)
                        .errors())
                .contains("exception 14 (signal 11)")
                .contains("address 0x10, in crash+0x");
        assertThat(node.hvm("call", Node.VM, "divide", "1", "0").endedWith(1).errors())
                .contains("exception 0 (signal 8)")
                .contains("in divide+0x");
        assertThat(node.hvm("call", Node.VM, "--time", "1", "forever")
                        .endedWith(1)
                        .errors())
                .contains("was stopped at its time limit");
        assertThat(call(node, "echo", "7")).isEqualTo("7");
    }

    @Test
    void shouldServeProgramsInCPythonAndJava(Node node) throws IOException {
        String window = call(node, "--window");
        String sum = "sum of 0..999 = 499500";

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(Path.of(window))))
                .isEqualTo("rw-------");
        assertThat(program(node, Tree.ROOT.resolve("examples/build/host-call").toString(), window))
                .contains(sum);
        assertThat(program(
                        node,
                        "python3",
                        Tree.ROOT.resolve("examples/host-call.py").toString(),
                        window))
                .contains(sum);
        assertThat(program(
                        node,
                        Path.of(System.getProperty("java.home"), "bin/java").toString(),
                        "-cp",
                        Tree.ROOT.resolve("shared-memory-ipc/target/classes").toString(),
                        Tree.ROOT.resolve("examples/HostCall.java").toString(),
                        window))
                .contains(sum);
    }

    @Test
    void shouldRefuseToWaitForACoreAndGiveItsOwnToJobs(Node node) throws Exception {
        assertThat(call(node, "echo", "1")).isEqualTo("1");
        assertThat(node.onCores(2, "/bin/busybox", "echo", "mine").succeeded().text())
                .isEqualTo("mine\n");
        assertThat(node.json("info", Node.VM).objects("partitions").get(1).number("cores_free"))
                .isEqualTo(2);
        Process job = node.command("run", "--vm", Node.VM, "--cores", "2", "--", "/bin/busybox", "cat")
                .start();
        try (var input = job.outputWriter();
                var output = job.inputReader()) {
            input.write("there\n");
            input.flush();
            assertThat(output.readLine()).isEqualTo("there");
            assertThat(node.hvm("call", Node.VM, "echo", "1").endedWith(1).errors())
                    .startsWith("hvm: No HRT core is free: 1 of 2 cores of e2e/hrt. Owner: job ");
        }
        assertThat(job.waitFor()).isZero();
    }

    /** The server goes on without hvmd, and the next one uses it, or one anew if it had nothing to do for too long; never two. */
    @Test
    void shouldCallOnThoughHvmdWasKilled(Node node) throws Exception {
        String library = library(node);
        assertThat(call(node, "--library", library, "multiply", "6", "7")).isEqualTo("42");
        ProcessHandle hvmd =
                ProcessHandle.of(node.json("version").number("pid")).orElseThrow();
        hvmd.destroyForcibly();
        hvmd.onExit().orTimeout(60, TimeUnit.SECONDS).join();

        assertThat(call(node, "--library", library, "multiply", "6", "8")).isEqualTo("48");
        assertThat(node.json("jobs").objects("jobs"))
                .filteredOn(job -> job.text("state").equals("RUNNING"))
                .hasSize(1);
    }

    private static String call(Node node, String... words) {
        String[] all = new String[words.length + 2];
        all[0] = "call";
        all[1] = Node.VM;
        System.arraycopy(words, 0, all, 2, words.length);
        return node.hvm(all).succeeded().text().strip();
    }

    private static String program(Node node, String... words) {
        return Commands.run(Commands.builder(node.folder(), Map.of(), List.of(words)), new byte[0], Node.LIMIT)
                .succeeded()
                .text();
    }

    private static String library(Node node) throws IOException {
        Path copy = node.folder().resolve(LIBRARY.getFileName());
        Files.copy(LIBRARY, copy, StandardCopyOption.REPLACE_EXISTING);
        return copy.toString();
    }
}
