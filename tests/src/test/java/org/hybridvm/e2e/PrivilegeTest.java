// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.hybridvm.JsonObject;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A VM with a partition of each privilege: the same programs do the same, and in ring 3 a hostile one harms nobody. */
@Timeout(240)
class PrivilegeTest {
    private static final String VM = "rings";

    /** Another hvmd: the host cores of the other tests' are its VM's. */
    private static Node node;

    private static Programs programs;

    @BeforeAll
    static void launch() throws IOException {
        Path work = Tree.ROOT.resolve("tests/build/work");
        node = new Node(work);
        programs = Programs.in(work);
        Path layout = Files.writeString(work.resolve("rings.yaml"), """
                name: rings
                memory: 1GiB
                partitions:
                  - {name: user, cores: 2, privilege: user}
                  - {name: kernel, cores: 1}
                host: {policy: shared}
                """);
        node.hvm("launch", layout.toString()).succeeded();
    }

    @AfterAll
    static void destroy() {
        node.hvm("destroy", VM);
        node.close();
    }

    /** Nothing that a test ran has harmed the partitions or Linux. */
    @AfterEach
    void bothPartitionsLive() {
        for (String name : List.of("kernel", "user")) {
            JsonObject partition = partition(name);
            assertThat(partition.text("state")).isIn("READY", "RUNNING");
            assertThat(partition.number("boots")).isEqualTo(1);
            assertThat(logs(VM + "/" + name)).doesNotContain("panic");
        }
        assertThat(logs(VM)).doesNotContain("stopping it by force").doesNotContain("Oops");
    }

    @Test
    void shouldTellThePrivilege() {
        assertThat(partition("kernel").text("privilege")).isEqualTo("kernel");
        assertThat(partition("user").text("privilege")).isEqualTo("user");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/bin/busybox sha256sum /bin/busybox",
                "/bin/busybox sh -c 'for i in 1 2 3; do echo $i | /bin/busybox cat; done'",
                "threads rounds 20",
                "threads turns 100",
                "threads fair 3",
                "signals masks",
                "signals faults",
                "signals stack",
                "signals threads",
                "process forks",
                "process vforks",
                "process exec",
                "hrt threads",
                "hrt interrupts",
                "python3 -c 'import json, hashlib; print(json.dumps([hashlib.sha256(b\"x\").hexdigest(), 0.1 + 0.2]))'"
            })
    void shouldDoTheSameInBothRings(String command) {
        Outcome inRing0 = run("kernel", 1, words(command));
        Outcome inRing3 = run("user", 2, words(command));

        assertThat(inRing3.status()).isEqualTo(inRing0.status());
        assertThat(inRing3.text()).isEqualTo(inRing0.text());
    }

    @Test
    void shouldEndEachAttemptOfAHostileProgramByASignal() throws IOException {
        String expected = Files.readString(Tree.ROOT.resolve("tests/programs/hostile.txt"));

        assertThat(run("user", 1, path("hostile")).succeeded().text()).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5})
    void shouldOutliveNonsenseInTheSlots(int seed) {
        node.hvm(
                "run",
                "--vm",
                VM,
                "--partition",
                "user",
                "--cores",
                "2",
                "--time",
                "2",
                "--",
                path("hostile"),
                "slots",
                Integer.toString(seed));

        assertThat(run("user", 2, "/bin/busybox", "echo", "alive").succeeded().text())
                .isEqualTo("alive\n");
        assertThat(run("kernel", 1, "/bin/busybox", "echo", "alive").succeeded().text())
                .isEqualTo("alive\n");
    }

    @Test
    void shouldReportTheRingOfACrash() {
        assertThat(run("user", 1, path("fault"), "null").endedWith(128 + 11).errors())
                .contains("SIGSEGV at address 0x0")
                .contains("ring=3");
    }

    @Test
    void shouldLetProgramsOfHrtHRunAsOnLinux() {
        assertThat(run("user", 1, path("hrt"), "where").succeeded().text()).isEqualTo("linux\n");
        assertThat(run("kernel", 1, path("hrt"), "where").succeeded().text()).isEqualTo("hrt\n");
    }

    @Test
    void shouldRefuseModulesWhereProgramsHaveNoRing0() {
        Outcome refused = node.hvm("module", "load", VM + "/user", path("counter.so"));

        assertThat(refused.status()).isNotZero();
        assertThat(refused.errors()).contains("privilege: user").contains("privilege: kernel");
    }

    /** libhvm takes the first partition. */
    @Test
    void shouldRefuseFunctionsOfLinuxProcessesThere() {
        Outcome refused = node.hvm("run", "--vm", VM, "--linux", "--", path("call-basics"), "values");

        assertThat(refused.status()).isEqualTo(1);
        assertThat(refused.text()).contains("partition user has \"privilege: user\"");
    }

    private static String path(String name) {
        return programs.path(name).toString();
    }

    /** The words of a shell's line; the first names a program of the tests, or of the guest. */
    private static String[] words(String command) {
        var words = new ArrayList<String>();
        for (String part : command.split(" (?=([^']*'[^']*')*[^']*$)")) {
            words.add(part.replace("'", ""));
        }
        if (Files.exists(programs.path(words.getFirst()))) {
            words.set(0, path(words.getFirst()));
        }
        return words.toArray(String[]::new);
    }

    private static Outcome run(String partition, int cores, String... program) {
        var words = new ArrayList<String>(
                List.of("run", "--vm", VM, "--partition", partition, "--cores", Integer.toString(cores), "--"));
        words.addAll(List.of(program));
        return Commands.run(node.command(words.toArray(String[]::new)), new byte[0], Node.LIMIT);
    }

    private static String logs(String subject) {
        return node.hvm("logs", subject).succeeded().text();
    }

    private static JsonObject partition(String name) {
        return node.json("info", VM).objects("partitions").stream()
                .filter(partition -> partition.text("name").equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError(Map.of("partition", name)));
    }
}
