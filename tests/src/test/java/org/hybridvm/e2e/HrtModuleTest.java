// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.hybridvm.JsonObject;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Functions that root loads into a partition are called by any process there, and hurt only who calls them. */
@WithVm
@Timeout(120)
class HrtModuleTest {
    private static final String PARTITION = Node.VM + "/hrt";

    private Node node;
    private Programs programs;

    @BeforeEach
    void loadModule(Node up) throws Exception {
        node = up;
        programs = Programs.in(up.folder());
        node.hvm("module", "load", PARTITION, file("counter.so")).succeeded();
    }

    @AfterEach
    void unloadModule() {
        node.hvm("module", "unload", PARTITION, "counter").succeeded();
    }

    @Test
    void shouldListTheModuleWithItsFunctions() {
        JsonObject module = modules().getFirst();

        assertThat(module.text("name")).isEqualTo("counter");
        assertThat(module.text("address")).isEqualTo("0xffffffff00000000");
        assertThat(module.number("functions")).isEqualTo(6);
        assertThat(module.texts("names"))
                .containsExactlyInAnyOrder(
                        "counter_next",
                        "counter_name",
                        "counter_scratch",
                        "counter_divide",
                        "counter_store",
                        "counter_sum");
    }

    @Test
    void shouldKeepOneCounterForAllProcesses() {
        assertThat(program("count")).isEqualTo("101\n102\n");
        assertThat(program("count")).isEqualTo("103\n104\n");
    }

    @Test
    void shouldReachRelocatedDataZeroedMemoryAndFreshPagesOfTheProcess() {
        assertThat(program("use")).isEqualTo("two 42 0\n");
        assertThat(program("use")).isEqualTo("two 42 3145728\n");
    }

    @Test
    void shouldLayTheModuleDownAgainWhenThePartitionReboots() {
        assertThat(program("count")).isEqualTo("101\n102\n");
        assertThat(program("use")).isEqualTo("two 42 0\n");

        node.hvm("reboot", PARTITION).succeeded();

        assertThat(program("count")).isEqualTo("101\n102\n");
        assertThat(program("use")).isEqualTo("two 42 0\n");
    }

    @ParameterizedTest
    @CsvSource({
        "divide,  8, SIGFPE,                                counter_divide+",
        "null,   11, SIGSEGV at address 0x0 ,               counter_store+",
        "upper,  11, SIGSEGV at address 0xffffffff3ffffff8, counter_store+",
        "jump,   11, SIGSEGV at address 0xffffffff3fffffc0, #0 0xffffffff3fffffc0",
        "above,  11, SIGSEGV at address 0xffffffff81000000, #0 0xffffffff81000000"
    })
    void shouldNameTheFunctionInWhichAProgramDied(String way, int signal, String fault, String where) {
        Outcome died = node.run(file("module"), "fault", way).endedWith(128 + signal);

        assertThat(died.errors()).contains(fault).contains(where);
        assertThat(program("count")).endsWith("2\n");
        assertThat(node.json("info", Node.VM).objects("partitions").get(1).text("state"))
                .isEqualTo("READY");
    }

    @Test
    void shouldBeCalledByAProcessThatStaysInLinux() {
        String calls = node.linux(file("modulecalls")).succeeded().text();

        assertThat(calls).containsPattern("#0 0xffffffff00001[0-9a-f]+ counter_divide\\+0x[0-9a-f]+ \\(HRT module\\)");
        assertThat(calls.replaceAll("(?m)^(function on|  ).*\n", "")).isEqualTo("""
                        counter 6
                        EBUSY
                        101
                        205
                        EFAULT
                        vector 0 in the function: 1
                        ETIMEDOUT
                        104
                        211
                        """);
    }

    @Test
    void shouldRunSignalHandlersInTheMidstOfAFunction() {
        assertThat(program("signals")).isEqualTo("at least 3 signals, then 1000\n");
    }

    @Test
    void shouldSwitchBetweenThreadsInTheMidstOfAFunction() {
        assertThat(node.onCores(1, file("module"), "threads").succeeded().text())
                .isEqualTo("1\n2\n3\n4\n");
        assertThat(node.onCores(2, file("module"), "threads").succeeded().text())
                .isEqualTo("1\n2\n3\n4\n");
    }

    @Test
    void shouldRefuseToUnloadUnderAJob() throws Exception {
        Process loop = node.command("run", "--vm", Node.VM, "--", file("fault"), "loop")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (var output = loop.inputReader()) {
            assertThat(output.readLine()).isEqualTo("looping");

            Outcome refused = node.hvm("module", "unload", PARTITION, "counter").endedWith(1);

            assertThat(refused.errors()).contains("jobs hold cores of the partition");
            String last =
                    String.valueOf(node.json("jobs").objects("jobs").getLast().number("job"));
            node.hvm("cancel", last).succeeded();
            loop.waitFor();
        } finally {
            loop.destroyForcibly();
        }
    }

    @Test
    void shouldAnswerRootAndOthersAsTheHeaderSays() {
        assertThat(node.linux(file("module"), "ask").succeeded().text()).isEqualTo("""
                        load EAGAIN
                        unload absent ENODATA
                        find ENODATA
                        info ENODATA
                        elsewhere ENOENT
                        address 0
                        counter_next
                        twice EEXIST
                        name EINVAL
                        large E2BIG
                        short EINVAL
                        memory ENOMEM
                        gap ENOSPC
                        address EAGAIN
                        outside EINVAL
                        endless EINVAL
                        pointer EFAULT
                        """);
        assertThat(node.linux(file("module"), "ask", "nobody").succeeded().text())
                .isEqualTo("""
                        load EPERM
                        unload absent EPERM
                        find ENODATA
                        info ENODATA
                        elsewhere ENOENT
                        address 0
                        counter_next
                        """);
    }

    @Test
    void shouldRefuseWhatIsNoModule() throws Exception {
        Path elsewhere = Files.createTempFile("elsewhere", ".so");
        try {
            assertThat(load(elsewhere.toString()).errors()).contains("outside the VM's mounts");
        } finally {
            Files.delete(elsewhere);
        }
        assertThat(load(file("counter.so")).errors())
                .contains("a module \"counter\" is loaded in hrt; unload it first");
        assertThat(load(file("dynamic")).errors()).contains("is no HRT module: it is a program");
        assertThat(load(file("fault")).errors()).contains("is no HRT module: it is no shared object");
        assertThat(load(file("absent.so")).errors()).contains("there is no such file");
        assertThat(modules()).hasSize(1);
    }

    private Outcome load(String file) {
        return node.hvm("module", "load", PARTITION, file).endedWith(1);
    }

    private List<JsonObject> modules() {
        return node.json("module", "list", PARTITION).objects("modules");
    }

    private String program(String way) {
        return node.run(file("module"), way).succeeded().text();
    }

    private String file(String name) {
        return programs.path(name).toString();
    }
}
