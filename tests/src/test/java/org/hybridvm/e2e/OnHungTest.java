// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.hybridvm.JsonObject;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/**
 * A layout's other answers to a partition that hangs than a reboot, and what other VMs notice of one in trouble: nothing.
 * HealthTest has the rest. The tests follow one another: the last ends the VM.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(300)
class OnHungTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String OTHER = "other";
    private static final String LAYOUT = """
            memory: 1GiB
            host: {policy: shared}
            health: {heartbeat: 500ms, hung-after: 3s}
            partitions:
              - {name: reported, health: {on-hung: report}}
              - {name: fatal, health: {on-hung: destroy}}
            """;

    private static Node node;
    private static String hang;

    @BeforeAll
    static void open() throws IOException {
        Path folder = Tree.ROOT.resolve("tests/build/work");
        node = new Node(folder, LAYOUT);
        hang = Programs.in(folder).path("hang").toString();
        node.requireVm();
        Path other = Files.writeString(
                node.home().resolve("other.yaml"),
                "name: " + OTHER + "\nmemory: 512MiB\nmounts: []\nhost: {policy: shared}\n");
        node.hvm("launch", other.toString()).succeeded();
    }

    @AfterAll
    static void close() {
        node.hvm("destroy", "--force", OTHER);
        node.close();
    }

    @Test
    @Order(1)
    void shouldLetOtherVmsWorkWhileAQemuIsStopped() throws Exception {
        long pid = node.json("info", Node.VM).number("pid");
        signal("-STOP", pid);
        try {
            Await.until("STALLED", LIMIT, () -> stateOf(Node.VM).equals("STALLED"));

            assertThat(stateOf(OTHER)).isEqualTo("READY");
            assertThat(run(OTHER, "hrt", "/bin/busybox", "echo", "fine")
                            .succeeded()
                            .text())
                    .isEqualTo("fine\n");
            assertThat(node.hvm("metrics").succeeded().text())
                    .contains("hvm_vm_state{vm=\"" + Node.VM + "\",state=\"STALLED\"} 1\n")
                    .contains("hvm_vm_state{vm=\"" + OTHER + "\",state=\"READY\"} 1\n");
            assertThat(node.json("top", "-n", "1").objects("vms")).hasSize(2);
        } finally {
            signal("-CONT", pid);
        }
        Await.until("READY", LIMIT, () -> stateOf(Node.VM).equals("READY"));
    }

    @Test
    @Order(2)
    void shouldOnlyReportAPartitionThatHangsAndLetAPersonMendIt() throws Exception {
        Process job = command(Node.VM, "reported", hang, "spin").start();

        Await.until("a dump is there", LIMIT, () -> dumps().size() == 1);

        JsonObject dump = dumps().getFirst();
        assertThat(dump.text("partition")).isEqualTo("reported");
        assertThat(dump.text("policy")).isEqualTo("report");
        assertThat(partition("reported")).isIn("HUNG", "FAILED"); // its cores were stopped for the dump
        run(Node.VM, "fatal", "/bin/busybox", "true").succeeded(); // the VM's other partition does not mind
        assertThat(job.isAlive()).isTrue(); // until a person has looked

        node.hvm("reboot", "--force", Node.VM + "/reported").succeeded();

        assertThat(job.waitFor()).isNotZero();
        assertThat(partition("reported")).isEqualTo("READY");
        run(Node.VM, "reported", "/bin/busybox", "true").succeeded();
    }

    @Test
    @Order(3)
    void shouldDestroyTheVmOfAPartitionThatHangsAndNoOther() throws Exception {
        Outcome job = run(Node.VM, "fatal", hang, "spin").endedWith(125);

        assertThat(job.errors()).contains("hvm dump ");
        Await.until(
                "the VM is gone", LIMIT, () -> node.json("list").objects("vms").size() == 1);
        assertThat(dumps()).hasSize(2).last().satisfies(dump -> {
            assertThat(dump.text("partition")).isEqualTo("fatal");
            assertThat(dump.text("policy")).isEqualTo("destroy");
        });
        assertThat(stateOf(OTHER)).isEqualTo("READY");
        run(OTHER, "hrt", "/bin/busybox", "true").succeeded();
    }

    private static Outcome run(String vm, String partition, String... program) {
        return Commands.run(command(vm, partition, program), new byte[0], Node.LIMIT);
    }

    private static ProcessBuilder command(String vm, String partition, String... program) {
        ProcessBuilder command = node.command("run", "--vm", vm, "--partition", partition, "--cwd", "/", "--");
        command.command().addAll(List.of(program));
        return command;
    }

    private static List<JsonObject> dumps() {
        return node.json("dump").objects("dumps");
    }

    private static String stateOf(String vm) {
        return node.json("info", vm).text("state");
    }

    private static String partition(String name) {
        return node.json("info", Node.VM).objects("partitions").stream()
                .filter(one -> one.text("name").equals(name))
                .findFirst()
                .orElseThrow()
                .text("state", "");
    }

    private static void signal(String name, long pid) throws Exception {
        assertThat(new ProcessBuilder("/bin/kill", name, String.valueOf(pid))
                        .start()
                        .waitFor())
                .isZero();
    }
}
