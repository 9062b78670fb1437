// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hybridvm.Await.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.hybridvm.Home;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.hybridvm.access.OwnIdentity;
import org.hybridvm.api.FakeVmControl;
import org.hybridvm.job.FakeMachine;
import org.hybridvm.job.JobState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Processes of two other accounts, as the kernel tells them apart, at the socket of a hvmd of root's: what they can find out
 * about each other's jobs, and do to them.
 */
@Timeout(60)
class OtherUserTest {
    private static final String ADA = "daemon"; // accounts that every Debian has
    private static final String BOB = "bin";
    private static final String NOBODY = "games";
    private static final String WEB_SOCKET = "a WebSocket";

    @TempDir
    private Path folder;

    private final CountDownLatch gate = new CountDownLatch(1);
    private FakeMachine machine;
    private HvmTester hvm;
    private FakeVmControl vms;
    private Home home;
    private Path mount;

    /** What curl got. */
    private record Answer(int status, String body) {
        JsonObject json() {
            return JsonObject.parse(body);
        }
    }

    @BeforeEach
    void setUp() throws Exception {
        assumeTrue(OwnIdentity.ofThisProcess().uid() == 0, "only root can be others");
        open(folder);
        home = new Home(folder.resolve("s"), folder.resolve("r"));
        mount = Files.createDirectory(folder.resolve("m"));
        Files.setPosixFilePermissions(mount, PosixFilePermissions.fromString("rwxrwxrwx"));
        Files.createDirectories(home.state());
        Files.writeString(home.configuration(), "roles: {user: {users: [%s, %s]}}\n".formatted(ADA, BOB));
        Files.setPosixFilePermissions(home.configuration(), PosixFilePermissions.fromString("rw-r--r--"));
        machine = new FakeMachine("demo", 2, mount.toRealPath()).install("/bin/gate", process -> {
            gate.await();
            return 0;
        });
        vms = new FakeVmControl(machine, folder.resolve("console")).launched();
        hvm = new HvmTester(vms, folder);
        open(home.run());
    }

    @AfterEach
    void tearDown() throws IOException {
        gate.countDown();
        if (hvm != null) {
            hvm.close();
        }
    }

    @Test
    void shouldRunAJobAsTheOneWhoAsks() throws Exception {
        int job = submit(ADA, "/bin/gate");
        while (machine.commands().isEmpty()) {
            Thread.sleep(5); // RUNNING is on disk before the program begins
        }
        assertThat(machine.commands().getFirst().identity().user()).isEqualTo(1);
        assertThat(ask(ADA, "GET", "/jobs/" + job, null).json().text("user")).isEqualTo(ADA);
    }

    @Test
    void shouldTakeNobodysWordForWhoHeIs() throws Exception {
        String body = submission("/bin/gate", "out").replaceFirst("\\{", "{\"user\": \"root\", ");
        assertThat(ask(ADA, "POST", "/jobs", body).json().text("field")).isEqualTo("user");
    }

    @Test
    void shouldHideAJobFromAllOtherUsers() throws Exception {
        int job = submit(ADA, "/bin/gate");
        awaitState(job, JobState.RUNNING);
        var attempts = new ArrayList<Answer>(List.of(
                ask(BOB, "GET", "/jobs/" + job, null),
                ask(BOB, "GET", "/jobs/" + job + "/log", null),
                ask(BOB, "GET", "/jobs/" + job + "/why", null),
                ask(BOB, WEB_SOCKET, "/jobs/" + job + "/attach", null),
                ask(BOB, "GET", "/jobs?job=" + job, null),
                ask(BOB, "POST", "/jobs/" + job + "/signal", "{\"signal\":9}"),
                ask(BOB, "POST", "/jobs/" + job + "/cancel", null),
                ask(BOB, "POST", "/jobs/" + job + "/hold", null),
                ask(BOB, "POST", "/jobs/" + job + "/release", null),
                ask(BOB, "POST", "/jobs/" + job + "/requeue", null)));
        assertThat(attempts).allSatisfy(answer -> {
            assertThat(answer.status()).isEqualTo(404);
            assertThat(answer.json().text("code")).isEqualTo("no_such_job");
        });
        assertThat(ask(BOB, "GET", "/jobs", null).json().objects("jobs")).isEmpty();
        assertThat(ask(ADA, "GET", "/jobs", null).json().objects("jobs")).hasSize(1);
        for (String path : List.of("/events", "/top", "/metrics")) {
            assertThat(ask(BOB, "GET", path, null)).satisfies(answer -> {
                assertThat(answer.status()).isEqualTo(200);
                assertThat(answer.body()).doesNotContain("gate", "job/" + job, ADA);
            });
        }
        assertThat(ask(ADA, "GET", "/events", null).body()).contains("job/" + job);
        assertThat(hvm.jobs.find(job).state()).isEqualTo(JobState.RUNNING);
        assertThat(ask(ADA, "POST", "/jobs/" + job + "/cancel", null).status()).isEqualTo(200);
    }

    @Test
    void shouldLetUsersLookAtVmsAndChangeNone() throws Exception {
        assertThat(ask(ADA, "GET", "/vms", null).status()).isEqualTo(200);
        for (String[] request : new String[][] {
            {"POST", "/vms"},
            {"DELETE", "/vms/demo"},
            {"GET", "/vms/demo/console"},
            {"GET", "/vms/demo/logs/kernel"},
            {"POST", "/vms/demo/partitions/hrt/reboot"},
            {"POST", "/vms/demo/window/serve"},
            {"DELETE", "/daemon"},
            {"GET", "/daemon/configuration"},
            {"POST", "/bench"},
            {"POST", "/what-comes-later"}
        }) {
            Answer answer = ask(ADA, request[0], request[1], null);
            assertThat(answer.status()).as(String.join(" ", request)).isEqualTo(403);
            assertThat(answer.json().text("code")).isEqualTo("forbidden");
        }
    }

    @Test
    void shouldHideAVmFromUsersWhomItDoesNotAdmit() throws Exception {
        vms.admitOnly(ADA);
        int job = submit(ADA, "/bin/gate");
        awaitState(job, JobState.RUNNING);
        assertThat(ask(ADA, "GET", "/vms", null).json().objects("vms")).hasSize(1);
        assertThat(ask(ADA, "GET", "/vms/demo", null).status()).isEqualTo(200);
        assertThat(ask(BOB, "GET", "/vms", null).json().objects("vms")).isEmpty();
        for (String path : List.of("/vms/%s", "/vms/%s/layout", "/vms/%s/partitions/hrt/modules")) {
            Answer hidden = ask(BOB, "GET", path.formatted("demo"), null);
            assertThat(hidden.status()).as(path).isEqualTo(404);
            assertThat(hidden.json().text("code")).isEqualTo("no_such_vm");
            assertThat(hidden.body().replace("demo", "none"))
                    .isEqualTo(ask(BOB, "GET", path.formatted("none"), null).body());
        }
        assertThat(ask(BOB, "GET", "/top", null).json().objects("vms")).isEmpty();
        assertThat(ask(BOB, "POST", "/jobs", submission("/bin/gate", "out"))
                        .json()
                        .text("code"))
                .isEqualTo("no_vm");
    }

    @Test
    void shouldServeNobodyWhomTheConfigurationDoesNotName() throws Exception {
        Answer answer = ask(NOBODY, "GET", "/version", null);
        assertThat(answer.status()).isEqualTo(403);
        assertThat(answer.json().text("title")).isEqualTo("hvmd does not serve you");
    }

    @Test
    void shouldTellNothingOfFilesThatTheCallerMayNotRead() throws Exception {
        Path secret = Files.createDirectory(mount.resolve("secret"));
        Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rwx------"));
        Files.writeString(secret.resolve("program"), "a secret, and no program");
        Files.setPosixFilePermissions(secret.resolve("program"), PosixFilePermissions.fromString("rwxr-xr-x"));
        String there = ask(ADA, "POST", "/jobs", submission(secret + "/program", "out"))
                .body();
        String absent = ask(ADA, "POST", "/jobs", submission(secret + "/absence", "out"))
                .body();
        assertThat(there.replace("program", "absence")).isEqualTo(absent.replace("program", "absence"));
        assertThat(ask(ADA, "POST", "/layouts/validate", Json.write(Map.of("layout", "name: x", "folder", "/")))
                        .status())
                .isEqualTo(200);
    }

    @Test
    void shouldWriteNoOutputOutsideTheMounts() throws Exception {
        assertThat(ask(ADA, "POST", "/jobs", submission("/bin/gate", "/etc/out"))
                        .json()
                        .text("code"))
                .isEqualTo("outside_mounts");
    }

    @Test
    void shouldWriteDownEveryAttempt() throws Exception {
        int job = submit(ADA, "/bin/gate");
        ask(BOB, "GET", "/jobs/" + job, null);
        ask(BOB, "POST", "/jobs/" + job + "/cancel", null);
        ask(NOBODY, "GET", "/version", null);
        ask(BOB, "GET", "/vms", null);
        List<String> entries = Files.readAllLines(home.auditLog()).stream()
                .map(JsonObject::parse)
                .map(entry -> entry.text("caller", "-") + " " + entry.text("method") + " " + entry.text("subject") + " "
                        + entry.number("status"))
                .toList();
        assertThat(entries)
                .containsExactly(
                        "daemon POST job/" + job + " 200",
                        "bin GET job/" + job + " 404",
                        "bin POST job/" + job + " 404",
                        "- GET  403");
    }

    private int submit(String user, String program) throws Exception {
        return submit(user, program, "out");
    }

    private int submit(String user, String program, String output) throws Exception {
        Answer answer = ask(user, "POST", "/jobs", submission(program, output));
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return (int) answer.json().number("job");
    }

    private String submission(String program, String output) throws IOException {
        return Json.write(Map.of(
                "program", program, "directory", mount.toRealPath().toString(), "options", Map.of("--output", output)));
    }

    /** As a process of that account. */
    private Answer ask(String user, String method, String path, String body) throws Exception {
        var command = new ArrayList<String>(List.of("setpriv", "--reuid", user, "--regid", user, "--init-groups"));
        command.addAll(List.of("curl", "-s", "-S", "-m", "20", "-w", "\n%{http_code}"));
        if (method.equals(WEB_SOCKET)) {
            for (String header : List.of(
                    "Connection: Upgrade",
                    "Upgrade: websocket",
                    "Sec-WebSocket-Version: 13",
                    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")) {
                command.addAll(List.of("-H", header));
            }
        } else {
            command.addAll(List.of("-X", method));
        }
        command.addAll(List.of("--unix-socket", home.socket().toString()));
        if (body != null) {
            command.addAll(List.of("-d", body));
        }
        command.add("http://hvmd/v1" + path);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        int line = said.lastIndexOf('\n');
        return new Answer(Integer.parseInt(said.substring(line + 1)), said.substring(0, line));
    }

    private void awaitState(int job, JobState state) throws InterruptedException {
        await(() -> hvm.jobs.find(job).state() == state);
    }

    private static void open(Path path) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
