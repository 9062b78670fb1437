// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Child processes share the HRT cores of their job, and do there what they do on the host. */
@WithVm
@Timeout(300)
class ProcessTest {
    private static final int KILLED = 128 + 9;

    private Node node;
    private String process;

    @BeforeEach
    void copyPrograms(Node up) throws IOException {
        node = up;
        process = Programs.in(up.folder()).path("process").toString();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "forks",
                "generations",
                "registers",
                "many 200",
                "pipes",
                "vforks",
                "spawns",
                "exec-errors",
                "threads",
                "spawning-threads",
                "orphans"
            })
    void shouldDoWhatTheHostDoes(String part) {
        String[] words = words(part);
        Outcome onHost = onHost(words).succeeded();

        Outcome onHrt = node.onCores(2, words);

        assertThat(onHrt.succeeded().text()).isEqualTo(onHost.text());
        assertThat(onHrt.errors()).isEmpty();
        assertFree();
    }

    @ParameterizedTest
    @ValueSource(strings = {"exec", "exec thread", "exec descriptor"})
    void shouldKeepOverExecWhatTheHostKeeps(String part) {
        String[] words = words(part);
        Outcome onHost = onHost(words).endedWith(5);

        Outcome onHrt = node.onCores(2, words).endedWith(5);

        assertThat(onHrt.text()).isEqualTo(onHost.text());
        assertFree();
    }

    @Test
    void shouldRefuseMoreChildrenThanThereIsRoomForAndGoOn() {
        assertThat(node.onCores(2, process, "bomb").succeeded().text())
                .isEqualTo("refused: Resource temporarily unavailable, after more than 30: 1\n3 children\n");
        assertFree();
    }

    /** The job is over when its first process is, for its user and for the cores. */
    @Test
    void shouldEndWhatAJobLeftBehind() {
        assertThat(node.onCores(1, process, "leave").succeeded().text()).isEqualTo("left\n");
        assertFree();
    }

    @Test
    void shouldRunPipelinesOfAShell() {
        Outcome shell = node.onCores(
                2,
                "/bin/busybox",
                "sh",
                "-c",
                "seq 1 1000 | busybox grep 7 | busybox wc -l; (exit 3) || echo \"left with $?\"; "
                        + "x=$(busybox echo inner); echo \"$x\"; false && echo not here; exit 4");

        assertThat(shell.endedWith(4).text()).isEqualTo("271\nleft with 3\ninner\n");
        assertFree();
    }

    @Test
    void shouldRunAScriptByItsInterpreter() throws IOException {
        Path script = script("script.sh", """
                #!/bin/busybox sh
                echo "$1, $#"
                %s show child
                """.formatted(process));

        assertThat(node.onCores(1, script.toString(), "a b", "c").endedWith(5).text())
                .startsWith("a b, 2\nshown: [" + process + "] [show] [child] ");
        assertFree();
    }

    @Test
    void shouldNameTheInterpreterThatAScriptLacks() throws IOException {
        Path script = script("lost.sh", "#!/no/such/interpreter\n");

        assertThat(node.run(script.toString()).endedWith(127).errors()).contains("/no/such/interpreter: No such file");
    }

    @Test
    void shouldRunThePipelinesAndChildrenOfPython() throws IOException {
        String script = Programs.in(node.folder()).path("children.py").toString();
        Outcome onLinux = node.linux("/usr/bin/python3", script).succeeded();

        assertThat(node.onCores(2, "/usr/bin/python3", script).succeeded().text())
                .isEqualTo(onLinux.text())
                .endsWith("done\n");
        assertFree();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldLeaveNothingBehindWhenKilledAtAnyInstant(boolean parent) throws Exception {
        var random = new Random(21);
        for (int i = 0; i < 15; i++) {
            Process churn = node.command("run", "--vm", Node.VM, "--cores", "2", "--", process, "churn")
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            assertThat(churn.inputReader().readLine()).isEqualTo("churning");
            TimeUnit.MICROSECONDS.sleep(random.nextInt(50_000)); // the instant is what is tested

            // The parent has the lowest number: it began first.
            String victims = "$(busybox ps -o pid,comm | busybox awk '$2 == \"process\" { print $1 }' | busybox sort -n"
                    + (parent ? " | busybox head -n 1)" : " | busybox tail -n +2)");
            node.linux("/bin/busybox", "sh", "-c", "kill -9 " + victims);
            if (!parent) {
                churn.destroy();
                assertThat(churn.waitFor()).isNotZero();
            } else {
                assertThat(churn.waitFor()).isEqualTo(KILLED);
            }
            assertFree();
        }
    }

    private String[] words(String part) {
        var words = new ArrayList<String>();
        words.add(process);
        words.addAll(List.of(part.split(" ")));
        return words.toArray(String[]::new);
    }

    private Outcome onHost(String... words) {
        return Commands.run(
                Commands.builder(node.folder(), Map.of(), List.of(words)), new byte[0], Duration.ofMinutes(1));
    }

    private Path script(String name, String text) throws IOException {
        Path script = Files.writeString(node.folder().resolve(name), text);
        return Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private void assertFree() {
        assertThat(node.json("info", Node.VM).objects("partitions").get(1).number("cores_free"))
                .isEqualTo(2);
        node.run("/bin/busybox", "true").succeeded();
    }
}
