// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Dynamically linked programs on the HRT, with the libraries of the guest's root file system. */
@WithVm
@Timeout(180)
class DynamicTest {
    private static final byte[] NOTHING = new byte[0];

    private Node node;
    private Programs programs;

    @BeforeEach
    void copyPrograms(Node up) throws IOException {
        node = up;
        programs = Programs.in(up.folder());
    }

    @ParameterizedTest
    @ValueSource(strings = {"dynamic", "dynamic-exec"})
    void shouldRunADynamicProgramWhereverItIsLinked(String name) {
        assertThat(node.run(programs.path(name).toString(), "3").endedWith(3).text())
                .startsWith("argument 1: 3\n")
                .contains("folder: " + node.folder());
    }

    @Test
    void shouldRunDebiansOwnPrograms() throws IOException {
        String sample = SampleFile.in(node.folder()).toString();

        assertSameAsOnHost(NOTHING, "/usr/bin/sha256sum", sample);
        assertSameAsOnHost(NOTHING, "/usr/bin/sort", "-S", "64M", "-k", "3", "--parallel=1", sample);
        assertSameAsOnHost(NOTHING, "/usr/bin/od", "-N", "10000", "-A", "x", "-t", "x1z", sample);
    }

    @Test
    void shouldRunCplusplusWithStreamsAndExceptions() {
        byte[] words = "to be or not to be".getBytes(StandardCharsets.UTF_8);

        assertSameAsOnHost(words, programs.path("dynamic-cc").toString());
    }

    @Test
    void shouldReportAnExceptionThatNobodyCatches() {
        Outcome ended =
                node.run(programs.path("dynamic-cc").toString(), "uncaught").endedWith(128 + 6);

        assertThat(ended.errors())
                .contains("what():  nobody catches this")
                .contains("SIGABRT")
                .contains("abort+"); // a function of libc.so.6, which has no symbol table but the dynamic one
    }

    @Test
    void shouldNameTheFunctionsOfAProgramThatDies() {
        assertThat(node.run(programs.path("dynamic-fault").toString(), "null")
                        .endedWith(128 + 11)
                        .errors())
                .contains("SIGSEGV at address 0x0")
                .contains("main+");
    }

    @Test
    void shouldRunFortran() {
        assertSameAsOnHost(NOTHING, programs.path("dynamic-f90").toString());
    }

    @Test
    void shouldRunPython() {
        assertThat(node.run("python3", "-c", "print(sum(range(10**6)))")
                        .succeeded()
                        .text())
                .isEqualTo("499999500000\n");
    }

    @Test
    void shouldRunAPythonScriptWithFilesAndMathAsLinuxDoes() {
        String script = programs.path("script.py").toString();
        Outcome onLinux = node.linux("/usr/bin/python3", script).succeeded();

        assertThat(node.run("/usr/bin/python3", script).succeeded().text())
                .isEqualTo(onLinux.text())
                .contains("(111277611,)")
                .contains("0.5403023058681398");
    }

    @Test
    void shouldMultiplyMatricesWithOpenBlas() {
        String script = programs.path("blas.py").toString();

        assertThat(node.run("/usr/bin/python3", script).succeeded().text())
                .startsWith("exact True ")
                .isEqualTo(node.linux("/usr/bin/python3", script).succeeded().text());
    }

    @Test
    void shouldShowARootThatCanBeWrittenBesideTheMounts() throws IOException {
        String script = """
                set -e
                echo one >/var/tmp/one; echo two >/tmp/two; cat /var/tmp/one /tmp/two
                test -c /dev/null -a -d /proc/self -a -d /sys/kernel -a -x /hvm/bin/hvm-proxy
                echo three >%s/three; rm /var/tmp/one
                """.formatted(node.folder());

        assertThat(node.linux("/bin/bash", "-c", script).succeeded().text()).isEqualTo("one\ntwo\n");
        assertThat(node.folder().resolve("three")).hasContent("three\n");
        Files.delete(node.folder().resolve("three"));
    }

    @Test
    void shouldSayWhatAGuestWithoutARootFileSystemLacks() throws IOException {
        Path layout = Files.writeString(node.folder().resolve("bare.yaml"), """
                name: bare
                memory: 1GiB
                linux: {rootfs: none}
                """);
        // Another hvmd: the host cores of this one are the first VM's.
        try (var bare = new Node(node.folder())) {
            bare.hvm("launch", layout.toString()).succeeded();
            Outcome refused = bare.hvm(
                            "run",
                            "--vm",
                            "bare",
                            "--",
                            programs.path("dynamic").toString())
                    .endedWith(127);

            assertThat(refused.errors())
                    .contains("does not have its interpreter /lib64/ld-linux-x86-64.so.2")
                    .contains("linux: rootfs")
                    .contains("-static");
            assertThat(bare.hvm("run", "--vm", "bare", "--", "/bin/busybox", "echo", "static ones run")
                            .succeeded()
                            .text())
                    .isEqualTo("static ones run\n");
            bare.hvm("destroy", "bare").succeeded();
        }
    }

    private void assertSameAsOnHost(byte[] input, String... words) {
        Outcome onHost =
                Commands.run(Commands.builder(node.folder(), Map.of(), List.of(words)), input, Duration.ofMinutes(2));
        Outcome onHrt = node.runWith(input, words);

        assertThat(onHrt.succeeded().output()).isEqualTo(onHost.succeeded().output());
    }
}
