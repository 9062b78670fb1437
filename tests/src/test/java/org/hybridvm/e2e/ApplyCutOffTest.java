// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.hybridvm.JsonObject;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** kill -9 of hvmd while a VM boots that is applied: the next hvmd finishes it, and whoever asked hears of it. */
@Timeout(300)
class ApplyCutOffTest {
    private static final String VM = "cutoff";

    private Node node;
    private Path layout;

    @BeforeEach
    void setUp() throws IOException {
        node = new Node(Files.createDirectories(Tree.ROOT.resolve("tests/build/cutoff")));
        layout = Files.writeString(node.folder().resolve("cutoff.yaml"), """
                name: cutoff
                memory: 1GiB
                partitions: [{name: hrt, cores: 1, memory: 64MiB}]
                """);
    }

    @AfterEach
    void tearDown() {
        node.hvm("destroy", "--force", VM);
        node.close();
    }

    @Test
    void shouldTellHowTheNextHvmdFinishedTheApplyAndBootTheVmOnce() throws Exception {
        long pid = node.json("version").number("pid");
        Process apply = node.command("apply", layout.toString()).start();
        BufferedReader progress = apply.errorReader();
        while (!progress.readLine().strip().startsWith("QEMU")) {} // which runs now, and boots

        ProcessHandle hvmd = ProcessHandle.of(pid).orElseThrow();
        hvmd.destroyForcibly();
        hvmd.onExit().orTimeout(60, TimeUnit.SECONDS).join();

        assertThat(apply.waitFor())
                .as(() -> String.join("\n", progress.lines().toList()))
                .isZero();
        assertThat(node.json("version").number("pid")).isNotEqualTo(pid);
        List<JsonObject> vms = node.json("list").objects("vms");
        assertThat(vms).singleElement().satisfies(vm -> {
            assertThat(vm.text("name")).isEqualTo(VM);
            assertThat(vm.text("state")).isEqualTo("READY");
        });
        assertThat(node.hvm("apply", layout.toString()).succeeded().text()).startsWith("Nothing to do");
    }

    @Test
    void shouldDestroyAVmThatFailed() throws Exception {
        node.hvm("apply", layout.toString()).succeeded();
        ProcessHandle qemu =
                ProcessHandle.of(node.json("info", VM).number("pid")).orElseThrow();
        qemu.destroyForcibly();
        qemu.onExit().orTimeout(60, TimeUnit.SECONDS).join();
        while (!node.json("info", VM).text("state").equals("FAILED")) {}
        node.hvm("destroy", VM).succeeded();
        assertThat(node.json("list").objects("vms")).isEmpty();
    }
}
