// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.hybridvm.JsonObject;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** HRT partitions that hang or fail, and a QEMU that is stopped: seen, named, mended; in a VM whose cores are asked often. */
@Timeout(300)
class HealthTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String LAYOUT = """
            memory: 1GiB
            health: {heartbeat: 500ms, hung-after: 2s}
            partitions:
              - name: hrt
                cores: 1
            """;

    private static Node node;
    private static String hang;

    @BeforeAll
    static void open() throws Exception {
        Path folder = Tree.ROOT.resolve("tests/build/work");
        node = new Node(folder, LAYOUT);
        hang = Programs.in(folder).path("hang").toString();
    }

    @AfterAll
    static void close() {
        node.close();
    }

    @BeforeEach
    void requireVm() {
        node.requireVm();
    }

    @Test
    void shouldRebootAPartitionThatHangsAndKeepADump() throws Exception {
        String boot = bootId();

        Outcome job = node.run(hang, "spin").endedWith(125);

        assertThat(job.errors()).contains("is HUNG").contains("hvm dump ");
        assertMended(boot);
        JsonObject dump = lastDump();
        assertThat(dump.text("state")).isEqualTo("HUNG");
        JsonObject core = dump.objects("cores").getFirst();
        assertThat(core.text("state")).isEqualTo("PANIC");
        assertThat(core.texts("program_trace").getFirst()).contains("spin_without_interrupts");
        JsonObject files = dump.object("files");
        assertThat(files.text("hrt.log")).contains("panic: NMI");
        assertThat(files.text("qemu-registers.txt")).contains("RIP=");
        List<?> jobs = (List<?>) dump.asMap().get("jobs");
        assertThat(jobs).hasSize(1);
        JsonObject record = node.json("info", jobs.getFirst().toString());
        assertThat(record.text("state")).isEqualTo("NODE_FAIL");
        assertThat(record.text("reason")).contains("hvm dump " + dump.number("dump"));
        assertThat(node.hvm("dump", String.valueOf(dump.number("dump")))
                        .succeeded()
                        .text())
                .contains("spin_without_interrupts");
    }

    @Test
    void shouldRebootAPartitionWhoseKernelPanicsAndKeepADump() throws Exception {
        String boot = bootId();

        Outcome job = node.run(hang, "panic").endedWith(125);

        assertThat(job.errors()).contains("FAILED").contains("hvm dump ");
        assertMended(boot);
        JsonObject dump = lastDump();
        assertThat(dump.text("state")).isEqualTo("FAILED");
        assertThat(dump.objects("cores").getFirst().texts("kernel_trace"))
                .as(dump.asMap().toString())
                .first()
                .asString()
                .startsWith("0xffffffff801ff000");
        assertThat(dump.object("files").text("hrt.log")).contains("panic: page fault");
    }

    @Test
    void shouldAskAProgramThatOnlyComputesAndLetItGoOn() {
        // Four times as long as a core may be silent.
        node.run("/bin/busybox", "timeout", "8", "/bin/busybox", "sh", "-c", "while :; do :; done");

        assertThat(state()).isEqualTo("READY");
    }

    @Test
    void shouldFlagAVmWhoseQemuIsStoppedAndGoOnWithIt() throws Exception {
        String boot = bootId();
        long pid = node.json("info", Node.VM).number("pid");

        signal("-STOP", pid);
        try {
            Await.until("STALLED", LIMIT, () -> vm().text("state").equals("STALLED"));

            assertThat(vm().text("reason")).contains("kill -CONT " + pid);
            assertThat(node.run("/bin/busybox", "true").endedWith(125).errors()).contains("STALLED");
            node.hvm("version").succeeded();
            node.hvm("jobs").succeeded();
        } finally {
            signal("-CONT", pid);
        }
        Await.until("READY", LIMIT, node::isUp);
        assertThat(bootId()).isEqualTo(boot);
        node.run("/bin/busybox", "true").succeeded();
    }

    @Test
    void shouldAdoptAVmWhoseQemuIsStopped() throws Exception {
        String boot = bootId();
        long pid = node.json("info", Node.VM).number("pid");

        signal("-STOP", pid);
        try {
            signal("-KILL", node.json("version").number("pid"));
            Await.until("STALLED", LIMIT, () -> vm().text("state").equals("STALLED"));
        } finally {
            signal("-CONT", pid);
        }
        Await.until("READY", LIMIT, node::isUp);
        assertThat(bootId()).isEqualTo(boot);
        node.run("/bin/busybox", "true").succeeded();
    }

    private static void assertMended(String boot) throws InterruptedException {
        Await.until("the partition is READY", LIMIT, () -> state().equals("READY"));
        node.run("/bin/busybox", "true").succeeded();
        assertThat(bootId()).isEqualTo(boot);
    }

    private static JsonObject vm() {
        return node.json("list").objects("vms").getFirst();
    }

    private static String state() {
        return vm().objects("partitions").get(1).text("state", "");
    }

    private static JsonObject lastDump() throws InterruptedException {
        List<JsonObject> dumps = node.json("dump").objects("dumps");
        return node.json("dump", String.valueOf(dumps.getLast().number("dump")));
    }

    private static String bootId() {
        return node.linux("/bin/busybox", "cat", "/proc/sys/kernel/random/boot_id")
                .succeeded()
                .text();
    }

    private static void signal(String name, long pid) throws Exception {
        assertThat(new ProcessBuilder("/bin/kill", name, String.valueOf(pid))
                        .start()
                        .waitFor())
                .isZero();
    }
}
