// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.hybridvm.JsonObject;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** hvmd on a daemon of libvirt's, which dies and comes back: VMs and jobs do not notice, hvmd says so and finds it again. */
@Timeout(240)
class LibvirtRestartTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Path FOLDER = Tree.ROOT.resolve("tests/build/work");
    private static final Path QEMU_LOG = Path.of("/var/log/libvirt/qemu/hvm-" + Node.VM + ".log");

    private static LibvirtDaemon libvirt;
    private static Node node;

    @BeforeAll
    static void open() throws Exception {
        libvirt = new LibvirtDaemon();
        String layout = "memory: 512MiB\nmounts: [%s]\npartitions:\n  - {name: hrt, cores: 1}\n".formatted(FOLDER);
        node = new Node(FOLDER, layout, Map.of("HVM_LIBVIRT_URI", libvirt.uri()));
    }

    @AfterAll
    static void close() throws Exception {
        if (node != null) {
            node.close();
            libvirt.close();
            Files.deleteIfExists(QEMU_LOG);
            Files.deleteIfExists(QEMU_LOG.resolveSibling("hvm-" + Node.VM + "-fs0-virtiofsd.log"));
        }
    }

    @BeforeEach
    void requireVm() {
        node.requireVm();
    }

    @Test
    void shouldGoOnWithoutLibvirtAndHearOfItsVmsAfterwards() throws Exception {
        String brief = submit("brief");
        String endless = submit("endless");

        libvirt.kill();

        Await.until("hvmd is not ready", LIMIT, () -> !isReady());
        assertThat(node.hvm("doctor").endedWith(1).text()).contains("libvirt does not answer", "VMs and jobs go on");
        assertThat(node.hvm("metrics").succeeded().text())
                .contains("hvm_ready 0\n", "hvm_vm_state{vm=\"" + Node.VM + "\",state=\"READY\"} 1\n");
        Files.createFile(FOLDER.resolve("brief.go"));
        awaitEnd("brief", brief);
        assertThat(node.hvm("launch", layoutOf("other")).endedWith(1).errors()).contains("libvirt");

        killHvmd(); // the next one finds no libvirt, and adopts all the same
        assertThat(node.isUp()).isTrue();
        assertThat(isReady()).isFalse();
        assertThat(node.json("info", endless).text("state")).isEqualTo("RUNNING");
        node.linux("/bin/busybox", "true").succeeded();

        libvirt.start();

        Await.until("hvmd is ready", LIMIT, LibvirtRestartTest::isReady);
        node.hvm("doctor").succeeded();
        Files.createFile(FOLDER.resolve("endless.go"));
        awaitEnd("endless", endless);
        assertThat(node.hvm("events", "--kind", "node.libvirt").succeeded().text())
                .contains("LOST", "OPEN");
        killQemu();
        Await.until("libvirt has told why", LIMIT, () -> vm().text("reason").matches("QEMU died \\([A-Z]+\\)"));
        assertThat(node.hvm("logs", Node.VM, "--kind", "qemu").succeeded().text())
                .contains("qemu-system-x86_64");
    }

    @Test
    void shouldDestroyAVmWithoutLibvirtAndLaunchItAgainWithIt() throws Exception {
        long pid = node.json("info", Node.VM).number("pid");
        libvirt.kill();

        node.hvm("destroy", "--force", Node.VM).succeeded();

        assertThat(ProcessHandle.of(pid)).isEmpty();
        assertThat(node.json("list").objects("vms")).isEmpty();
        libvirt.start();
        node.requireVm();
        assertThat(isReady()).isTrue();
    }

    /** A batch job that goes on until its file NAME.go is there, and says so. */
    private static String submit(String name) throws Exception {
        Files.deleteIfExists(FOLDER.resolve(name + ".go")); // of an earlier run
        Path output = FOLDER.resolve(name + ".out");
        Files.deleteIfExists(output);
        String script = "echo begun; while [ ! -e %1$s.go ]; do sleep 0.1; done; echo ended".formatted(name);
        String job = node.hvm(
                        "submit",
                        "--parsable",
                        "--linux",
                        "--output",
                        output.toString(),
                        "--",
                        "/bin/busybox",
                        "sh",
                        "-c",
                        script)
                .succeeded()
                .text()
                .strip();
        Await.until("the job " + name + " has begun", LIMIT, () -> read(output).equals("begun\n"));
        return job;
    }

    private static void awaitEnd(String name, String job) throws InterruptedException {
        Await.until("the job ends", LIMIT, () -> node.json("info", job).has("exit_code"));
        assertThat(node.json("info", job).text("state")).isEqualTo("COMPLETED");
        assertThat(FOLDER.resolve(name + ".out")).hasContent("begun\nended\n");
    }

    private static boolean isReady() {
        return node.hvm("daemon", "status").status() == 0;
    }

    private static JsonObject vm() {
        return node.json("list").objects("vms").getFirst();
    }

    private static void killHvmd() {
        end(node.json("version").number("pid"));
    }

    private static void killQemu() {
        end(node.json("info", Node.VM).number("pid"));
    }

    private static void end(long pid) {
        ProcessHandle process = ProcessHandle.of(pid).orElseThrow();
        process.destroyForcibly();
        process.onExit().join();
    }

    private static String layoutOf(String name) throws IOException {
        return Files.writeString(
                        node.home().resolve(name + ".yaml"),
                        "name: " + name + "\nmemory: 512MiB\nmounts: []\nhost: {policy: shared}\n")
                .toString();
    }

    private static String read(Path file) {
        try {
            return Files.exists(file) ? Files.readString(file) : "";
        } catch (IOException e) {
            return "";
        }
    }
}
