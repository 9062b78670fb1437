// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hybridvm.Await.await;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.hybridvm.Home;
import org.hybridvm.JsonObject;
import org.hybridvm.cli.HvmTester.Outcome;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** hvmd as a process of its own: started by the command line, found again, killed, stopped. */
@Timeout(60)
class HvmdProcessTest {
    private static final long LIMIT_SECONDS = 20;

    @TempDir
    private Path folder;

    private Home home;

    @BeforeEach
    void setUp() {
        home = new Home(folder, folder.resolve("run"));
    }

    @AfterEach
    void tearDown() throws Exception {
        if (Files.exists(home.socket())) {
            ProcessHandle process = ProcessHandle.of(pid()).orElseThrow();
            process.destroyForcibly();
            process.onExit().get(LIMIT_SECONDS, SECONDS);
        }
    }

    @Test
    void shouldStartHvmdOnceAndFindItAgain() throws IOException {
        long pid = pid();
        assertThat(pid()).isEqualTo(pid);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home.socket())))
                .isEqualTo("rw-------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home.run()))
                        .substring(3))
                .isIn("------", "--x--x");
        assertThat(Files.readString(home.daemonLog())).contains("hvmd serves pid=" + pid);
    }

    @Test
    void shouldReplaceAnHvmdThatWasKilled() throws Exception {
        ProcessHandle first = ProcessHandle.of(pid()).orElseThrow();
        first.destroyForcibly();
        first.onExit().get(LIMIT_SECONDS, SECONDS);
        assertThat(home.socket()).exists();
        assertThat(pid()).isNotEqualTo(first.pid());
    }

    /** Not every time at the same point of its start: the callers find the one that comes up in the end. */
    @Test
    void shouldStartItAgainIfItIsKilledBeforeItAnswers() throws Exception {
        CompletableFuture<Long> pid = CompletableFuture.supplyAsync(this::pid);
        await(() -> lockOwner().isPresent());
        ProcessHandle starting = ProcessHandle.of(lockOwner().getAsLong()).orElseThrow();
        starting.destroyForcibly();
        assertThat(pid.get(LIMIT_SECONDS, SECONDS)).isNotEqualTo(starting.pid());
    }

    private OptionalLong lockOwner() {
        try {
            return OptionalLong.of(
                    Long.parseLong(Files.readString(home.lockFile()).strip()));
        } catch (IOException | NumberFormatException e) {
            return OptionalLong.empty();
        }
    }

    @Test
    void shouldStopAndSaySo() {
        long pid = pid();
        assertThat(run("daemon", "status").out()).contains("pid " + pid);
        JsonObject status =
                JsonObject.parse(run("daemon", "status", "-o", "json").out());
        assertThat(status.number("pid")).isEqualTo(pid);
        assertThat(status.objects("phases")).isNotEmpty();
        assertThat(run("daemon", "stop")).isEqualTo(new Outcome(0, "", ""));
        assertThat(ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false))
                .isFalse();
        assertThat(home.socket()).doesNotExist();
        assertThat(run("daemon", "stop"))
                .isEqualTo(
                        new Outcome(1, "", "hvm: hvmd does not run: " + home.socket() + ". Try: hvm daemon start\n"));
    }

    @Test
    void shouldStartOnlyOneThoughSeveralAsk() {
        var pids = new ArrayList<CompletableFuture<Long>>();
        for (int i = 0; i < 3; i++) {
            pids.add(CompletableFuture.supplyAsync(this::pid));
        }
        assertThat(pids.stream().map(CompletableFuture::join).distinct()).hasSize(1);
    }

    @Test
    void shouldShowTheLastWordsOfAnHvmdThatDoesNotStart() throws IOException {
        Files.writeString(folder.resolve("run"), "a file where a folder must be");
        assertThat(run("version"))
                .isEqualTo(new Outcome(
                        1,
                        "",
                        "hvm: hvmd did not start: its last words were\nhvmd: A folder of hvmd cannot be made or is"
                                + " somebody else's: %s (%s). Try: set HVM_HOME to a folder of your own. Try: hvm logs hvmd\n"
                                        .formatted(home.run(), home.run())));
    }

    private long pid() {
        return JsonObject.parse(run("version", "-o", "json").out()).number("pid");
    }

    private Outcome run(String... words) {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        var context = new Context(
                InputStream.nullInputStream(),
                out,
                err,
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                Map.of(),
                folder,
                home,
                false);
        int status = Hvm.run(context, words);
        return new Outcome(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }
}
