// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.hybridvm.JsonObject;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/**
 * Three other accounts at root's hvmd: two users, and one who may declare VMs. What they can do to each other's jobs, to QEMU
 * and to files, and what they may have. OtherUserTest asks for each route; here the commands do, with a real VM and real jobs.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(240)
class UsersTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String LAYOUT = "memory: 512MiB\nmounts: [work]\npartitions:\n  - {name: hrt, cores: 1}\n";

    private static Path folder;
    private static Node node;
    private static Account ada;
    private static Account bob;
    private static Account operator;

    @BeforeAll
    static void open() throws IOException {
        assumeTrue("root".equals(System.getProperty("user.name")), "only root can be others");
        folder = Files.createTempDirectory(Path.of("/tmp"), "hvmu"); // all may get there, wherever the tree is
        Path command = Files.createDirectory(folder.resolve("command"));
        Account.copyCommand(command);
        open(folder, "rwxr-xr-x");
        node = new Node(
                folder.resolve("work"),
                LAYOUT.replace("work", folder.resolve("work").toString()));
        open(folder.resolve("work"), "rwxrwxrwx");
        ada = new Account(node, "daemon", command);
        bob = new Account(node, "bin", command);
        operator = new Account(node, "games", command);
        Path configuration = Files.writeString(
                node.home().resolve("hvmd.yaml"), """
                roles:
                  user: {users: [%s, %s]}
                  operator: {users: [%s]}
                quotas:
                  users: {%2$s: {jobs: 2, running: 1}}
                """.formatted(ada.name(), bob.name(), operator.name()));
        open(configuration, "rw-r--r--");
        node.requireVm();
    }

    @AfterAll
    static void close() throws IOException {
        if (node == null) {
            return;
        }
        node.hvm("destroy", "--force", Node.VM);
        node.close();
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        }
    }

    @Test
    @Order(1)
    void shouldKeepAUsersJobFromAnother() throws Exception {
        String script = "umask 077; echo secret > ada.txt; echo begun; sleep 600";
        String job = submit(ada, "ada.out", "sh", "-c", script);
        Await.until(
                "begun",
                LIMIT,
                () -> Files.exists(node.folder().resolve("ada.out"))
                        && ada.hvm("logs", job).text().equals("begun\n"));

        for (String[] command :
                new String[][] {{"info", job}, {"logs", job}, {"attach", job}, {"cancel", job}, {"requeue", job}}) {
            Outcome refused = bob.hvm(command).endedWith(1);
            assertThat(refused.text()).isEmpty();
            assertThat(refused.errors()).contains("No such job", job);
        }
        assertThat(bob.hvm("queue").succeeded().text()).doesNotContain("busybox", ada.name());
        assertThat(bob.hvm("events").succeeded().text()).doesNotContain("job/" + job);
        assertThat(bob.hvm("run", "--linux", "--", "/bin/busybox", "cat", "ada.txt")
                        .endedWith(1)
                        .errors())
                .contains("Permission denied"); // his jobs are he in the guest, too
        assertThat(ada.hvm("run", "--linux", "--", "/bin/busybox", "cat", "ada.txt")
                        .succeeded()
                        .text())
                .isEqualTo("secret\n");
        assertThat(operator.hvm("info", job).succeeded().text()).contains("RUNNING");
        ada.hvm("cancel", job).succeeded();
        awaitState(job, "CANCELLED");
    }

    @Test
    @Order(2)
    void shouldKeepQemuAndHvmdsFilesFromUsers() throws IOException {
        JsonObject vm = node.json("info", Node.VM);
        try (Stream<Path> files = Files.walk(node.home().resolve("run"))) {
            List<Path> sockets = files.filter(file -> !Files.isDirectory(file) && !Files.isRegularFile(file))
                    .toList();
            assertThat(sockets).hasSizeGreaterThan(2);
            for (Path socket : sockets) {
                int status = bob.sh("curl -sS -m10 -o /dev/null --unix-socket " + socket + " http://hvm/v1/version")
                        .status();
                assertThat(status).as(socket.toString()).isEqualTo(socket.endsWith("hvmd.sock") ? 0 : 7);
            }
        }
        assertThat(bob.sh("find " + node.home() + " -mindepth 1 -type d -readable 2>/dev/null")
                        .text())
                .isEmpty();
        assertThat(bob.sh("cat " + node.home() + "/hvm.db " + node.home() + "/log/* " + node.home() + "/vms/*/*")
                        .text())
                .isEmpty();
        bob.sh("head -c1 /dev/shm/hvm-" + vm.text("uuid")).endedWith(1);
        bob.sh("kill -0 " + vm.number("pid")).endedWith(1);
        bob.sh("ls /proc/" + vm.number("pid") + "/fd").endedWith(2);
    }

    @Test
    @Order(3)
    void shouldReadNothingOutsideTheMounts() throws IOException {
        Path closed = Files.createDirectory(folder.resolve("closed"));
        open(closed, "rwx------");
        Path secret = Files.writeString(closed.resolve("secret"), "secret\n");
        open(secret, "rw-------");
        Files.createSymbolicLink(node.folder().resolve("link"), secret);

        for (String words : List.of("mounts: [" + closed + "]", "linux: {kernel: " + secret + "}")) {
            Path layout = Files.writeString(
                    node.folder().resolve("spy.yaml"), "name: spy\nmemory: 512MiB\nhost: {policy: shared}\n" + words);
            open(layout, "rw-r--r--");
            assertThat(operator.hvm("launch", layout.toString()).endedWith(1).errors())
                    .as(words)
                    .contains(closed.toString());
            assertThat(bob.hvm("launch", layout.toString()).endedWith(1).errors())
                    .contains("operator");
        }
        assertThat(ada.hvm("run", "--linux", "--", "/bin/busybox", "cat", secret.toString(), "link")
                        .endedWith(1)
                        .text())
                .isEmpty();
        assertThat(ada.hvm("submit", "--output", closed + "/out", "--", "/bin/busybox", "true")
                        .endedWith(1)
                        .errors())
                .contains("mount");
        assertThat(ada.hvm("submit", "--input", "link", "--", "/bin/busybox", "cat")
                        .endedWith(1)
                        .errors())
                .doesNotContain("secret\n")
                .contains("link");
    }

    @Test
    @Order(4)
    void shouldHoldAUserToHisQuotas() throws Exception {
        String first = submit(bob, "/dev/null", "sleep", "600");
        awaitState(first, "RUNNING");
        String second = submit(bob, "second.out", "echo", "begun");

        assertThat(bob.hvm("why", second).succeeded().text()).contains("QOSMaxJobsPerUserLimit");
        assertThat(bob.hvm("submit", "--linux", "--", "/bin/busybox", "true")
                        .endedWith(1)
                        .errors())
                .contains("2 and 1 more", "Allowed: at most 2", "user " + bob.name());
        awaitState(submit(ada, "/dev/null", "true"), "COMPLETED"); // nobody else's are counted

        bob.hvm("cancel", first).succeeded();
        awaitState(second, "COMPLETED");
        assertThat(node.folder().resolve("second.out")).hasContent("begun");
    }

    @Test
    @Order(5)
    void shouldHideAVmFromUsersWhomItDoesNotAdmit() throws IOException {
        long pid = node.json("info", Node.VM).number("pid");
        Path layout = Files.writeString(
                node.home().resolve("admits.yaml"),
                node.hvm("get", Node.VM).succeeded().text() + "access: {users: [" + ada.name() + "]}\n");
        node.hvm("apply", layout.toString()).succeeded();
        assertThat(node.json("info", Node.VM).number("pid")).isEqualTo(pid); // while it runs

        assertThat(bob.hvm("list").succeeded().text()).doesNotContain(Node.VM);
        assertThat(bob.hvm("info", Node.VM).endedWith(1).errors())
                .isEqualTo(bob.hvm("info", "absent").endedWith(1).errors().replace("absent", Node.VM));
        assertThat(bob.hvm("top", "-n", "1", "-o", "json").succeeded().text()).doesNotContain(Node.VM);
        bob.hvm("run", "--vm", Node.VM, "--linux", "--", "/bin/busybox", "true").endedWith(125);
        assertThat(ada.hvm("list").succeeded().text()).contains(Node.VM);
        assertThat(ada.hvm("run", "--", "/bin/busybox", "id", "-u").succeeded().text())
                .isEqualTo("1\n");
    }

    /** A batch job in the Linux partition. */
    private static String submit(Account who, String output, String... busybox) {
        var words = new ArrayList<String>(
                List.of("submit", "--parsable", "--linux", "--output", output, "--", "/bin/busybox"));
        words.addAll(List.of(busybox));
        return who.hvm(words.toArray(String[]::new)).succeeded().text().strip();
    }

    private static void awaitState(String job, String state) throws InterruptedException {
        Await.until(
                "job " + job + " is " + state,
                LIMIT,
                () -> node.json("info", job).text("state").equals(state));
    }

    private static void open(Path path, String permissions) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
    }
}
