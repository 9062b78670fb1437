// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.hybridvm.JsonObject;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/** A VM is made, changed and removed by what its layout says. The tests follow one another: a boot takes seconds. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(240)
class LayoutsTest {
    private static final String VM = "declared";

    private Node node;
    private Path layout;
    private Path plan;

    @BeforeAll
    void setUp() throws IOException {
        node = new Node(Files.createDirectories(Tree.ROOT.resolve("tests/build/layouts")));
        layout = node.folder().resolve("declared.yaml");
        plan = node.folder().resolve("plan.json");
        declare("1MiB", ".");
    }

    @AfterAll
    void tearDown() {
        node.hvm("destroy", "--force", VM);
        node.close();
    }

    @Test
    @Order(1)
    void shouldPlanAndApplyAVmOfSeveralPartitions() {
        Outcome planned =
                node.hvm("plan", "--out", plan.toString(), layout.toString()).succeeded();
        assertThat(planned.text()).contains("+ " + VM + " is made", "VMs: 1 to create");
        assertThat(node.json("list").objects("vms")).isEmpty();

        node.hvm("apply", plan.toString()).succeeded();

        List<JsonObject> partitions = node.json("info", VM).objects("partitions");
        assertThat(partitions.stream().map(one -> one.text("name"))).containsExactly("linux", "own", "user");
        assertThat(partitions.stream().skip(1).map(one -> one.text("state"))).containsOnly("READY");
        for (String partition : List.of("own", "user")) {
            assertThat(run(partition, "echo", "hello").succeeded().text()).isEqualTo("hello\n");
        }
    }

    @Test
    @Order(2)
    void shouldDoNothingWhenAllIsAsDeclared() {
        assertThat(node.hvm("apply", layout.toString()).succeeded().text()).startsWith("Nothing to do");
        assertThat(node.hvm("plan", layout.toString()).succeeded().text()).contains("Nothing to do");
    }

    @Test
    @Order(3)
    void shouldGiveBackWhatApplyTakes() throws IOException {
        Path got = node.folder().resolve("got.yaml");
        Files.writeString(got, node.hvm("get", VM, "-o", "yaml").succeeded().text());
        assertThat(node.hvm("apply", got.toString()).succeeded().text()).startsWith("Nothing to do");
        assertThat(node.hvm("get", "--all").succeeded().text()).isEqualTo(Files.readString(got));
    }

    @Test
    @Order(4)
    void shouldRefuseAStalePlan() {
        assertThat(node.hvm("apply", plan.toString()).endedWith(1).errors())
                .contains("The plan is stale")
                .contains("VM " + VM + " was made");
    }

    @Test
    @Order(5)
    void shouldChangeTheConsolesLimitWhileTheVmRuns() throws IOException {
        long pid = node.json("info", VM).number("pid");
        declare("2MiB", ".");
        assertThat(node.hvm("apply", layout.toString()).succeeded().text()).contains("1 to update");
        assertThat(node.json("info", VM).number("pid")).isEqualTo(pid);
        assertThat(node.hvm("get", VM).succeeded().text()).contains("limit: 2MiB");
    }

    @Test
    @Order(6)
    void shouldRestartAVmForOtherMountsOnlyIfNoJobRuns() throws Exception {
        Path data = Files.createDirectories(node.folder().resolve("data"));
        Files.writeString(data.resolve("file"), "seen\n");
        declare("2MiB", "data");
        Process job = node.command("run", "--vm", VM, "--linux", "--", "/bin/busybox", "cat")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        job.outputWriter().append("up\n").flush();
        assertThat(job.inputReader().readLine()).isEqualTo("up");

        Outcome refused = node.hvm("apply", layout.toString()).endedWith(1);

        assertThat(refused.errors())
                .contains("Jobs run on a VM that has to be ended")
                .contains("--restart");
        node.hvm("apply", "--restart", layout.toString()).succeeded();
        assertThat(job.waitFor()).isNotZero();
        assertThat(node.hvm("run", "--vm", VM, "--cwd", data.toString(), "--linux", "--", "/bin/busybox", "cat", "file")
                        .succeeded()
                        .text())
                .isEqualTo("seen\n");
    }

    @Test
    @Order(7)
    void shouldTellAllMistakesOfALayout() throws IOException {
        Path wrong = Files.writeString(
                node.folder().resolve("wrong.yaml"), "name: 1\nmemroy: 1GiB\nhost: {siblings: apart, numa: x}\n");
        assertThat(node.hvm("plan", wrong.toString()).endedWith(1).errors())
                .contains(
                        "wrong.yaml has 3 mistakes",
                        ":1:7: ",
                        "[name]",
                        ":2:1: ",
                        "[unknown-field]",
                        ":3:",
                        "[number]");
    }

    @Test
    @Order(8)
    void shouldRemoveWhatNoLayoutDeclares() throws IOException {
        Path other = Files.writeString(node.folder().resolve("other.yaml"), "name: other\nmemory: 1TiB\n");
        assertThat(node.hvm("plan", "--prune", other.toString()).endedWith(1).errors())
                .contains("too little memory");
        Files.writeString(other, "name: other\nmemory: 1GiB\nmounts: []\n");
        node.hvm("apply", "--prune", other.toString()).succeeded();
        assertThat(node.json("list").objects("vms").stream().map(vm -> vm.text("name")))
                .containsExactly("other");
        node.hvm("destroy", "other").succeeded();
    }

    private void declare(String consoleLimit, String mount) throws IOException {
        Files.writeString(layout, """
                name: %s
                memory: 1GiB
                partitions:
                  - name: own
                    image: %s
                  - name: user
                    privilege: user
                mounts: ['%s']
                console: {limit: %s}
                """.formatted(VM, Tree.ROOT.resolve("guest-hrt/build/hrt.bin"), mount, consoleLimit));
    }

    private Outcome run(String partition, String... words) {
        String[] command = {"run", "--vm", VM, "--partition", partition, "--", "/bin/busybox"};
        String[] all = java.util.Arrays.copyOf(command, command.length + words.length);
        System.arraycopy(words, 0, all, command.length, words.length);
        return node.hvm(all);
    }
}
