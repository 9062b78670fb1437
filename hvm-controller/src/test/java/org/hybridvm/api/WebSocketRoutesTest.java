// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.hybridvm.Await.await;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;
import org.hybridvm.cli.HvmTester;
import org.hybridvm.config.Limits;
import org.hybridvm.job.FakeMachine;
import org.hybridvm.job.OutputStreamKind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Attachments and consoles, and the limits that all requests have. */
@Timeout(60)
class WebSocketRoutesTest {
    private static final int TEXT = 1;
    private static final int BINARY = 2;
    private static final int CLOSE = 8;

    @TempDir
    private Path folder;

    private final CountDownLatch more = new CountDownLatch(1);
    private FakeMachine machine;
    private HvmTester hvm;
    private Path socket;

    @BeforeEach
    void setUp() throws Exception {
        machine = new FakeMachine("demo", 2, folder.toRealPath())
                .install("/bin/sleep", process -> process.awaitSignal())
                .install("/bin/talk", process -> {
                    process.write(OutputStreamKind.STDOUT, "one ");
                    more.await();
                    process.write(OutputStreamKind.STDOUT, "two");
                    return 3;
                });
        hvm = new HvmTester(new FakeVmControl(machine, Files.createFile(folder.resolve("c"))).launched(), folder);
        socket = hvm.home.socket();
    }

    @AfterEach
    void tearDown() throws IOException {
        more.countDown();
        hvm.close();
    }

    @Test
    void shouldFollowABatchJobsOutputToItsEnd() throws Exception {
        hvm.run("submit", "-o", "out", "--", "/bin/talk");
        try (var client = new RawClient(socket);
                var late = new RawClient(socket)) {
            assertThat(client.webSocket("/v1/jobs/1/attach").status()).isEqualTo(101);
            assertThat(client.message().text()).isEqualTo("one ");
            late.webSocket("/v1/jobs/1/attach?from=2");
            assertThat(late.message().text()).isEqualTo("e ");
            more.countDown();
            RawClient.Message last = client.message();
            assertThat(last.opcode()).isEqualTo(BINARY);
            assertThat(last.text()).isEqualTo("two");
            RawClient.Message end = client.message();
            assertThat(end.opcode()).isEqualTo(TEXT);
            assertThat(JsonObject.parse(end.text()).number("exit_code")).isEqualTo(3);
            assertThat(client.message().opcode()).isEqualTo(CLOSE);
        }
    }

    @Test
    void shouldSendSignalsThroughAnAttachment() throws Exception {
        hvm.run("submit", "-o", "out", "--", "/bin/sleep");
        awaitCommand();
        try (var client = new RawClient(socket)) {
            client.webSocket("/v1/jobs/1/attach");
            client.frame(TEXT, "{\"signal\":99}".getBytes(StandardCharsets.UTF_8));
            assertThat(JsonObject.parse(client.message().text())
                            .object("problem")
                            .text("title"))
                    .isEqualTo("No such signal");
            client.frame(BINARY, new byte[] {1});
            assertThat(JsonObject.parse(client.message().text())
                            .object("problem")
                            .text("code"))
                    .isEqualTo("wrong_state");
            client.frame(TEXT, "{\"signal\":15}".getBytes(StandardCharsets.UTF_8));
            assertThat(JsonObject.parse(client.message().text()).text("state")).isEqualTo("CANCELLED");
        }
    }

    @Test
    void shouldFollowARunBesideItsOwnTerminal() throws Exception {
        var run = CompletableFuture.supplyAsync(() -> hvm.run("run", "--", "talk"));
        awaitCommand();
        try (var early = new RawClient(socket);
                var late = new RawClient(socket)) {
            early.webSocket("/v1/jobs/1/attach?from=0");
            assertThat(early.message().text()).isEqualTo("one ");
            late.webSocket("/v1/jobs/1/attach");
            more.countDown();
            for (RawClient client : List.of(early, late)) {
                assertThat(client.message().text()).isEqualTo("two");
                assertThat(JsonObject.parse(client.message().text()).number("exit_code"))
                        .isEqualTo(3);
                assertThat(client.message().opcode()).isEqualTo(CLOSE);
            }
        }
        assertThat(run.join()).isEqualTo(new HvmTester.Outcome(3, "one two", ""));
    }

    @Test
    void shouldNotLetOneWhoLooksOnSlowARunDown() throws Exception {
        var go = new CountDownLatch(1);
        byte[] much = new byte[1 << 20];
        machine.install("/bin/flood", process -> {
            go.await();
            for (int i = 0; i < 16; i++) {
                process.write(OutputStreamKind.STDOUT, much);
            }
            process.write(OutputStreamKind.STDOUT, "end");
            return 0;
        });
        var run = CompletableFuture.supplyAsync(() -> hvm.run("run", "--", "flood"));
        awaitCommand();
        try (var client = new RawClient(socket)) {
            client.webSocket("/v1/jobs/1/attach");
            go.countDown();
            assertThat(run.join().out()).hasSize(16 * much.length + 3); // while nobody reads what is sent here
            long seen = 0;
            long skipped = 0;
            String last = "";
            RawClient.Message message = client.message();
            for (; message.opcode() == BINARY || message.text().contains("skipped"); message = client.message()) {
                if (message.opcode() == BINARY) {
                    seen += message.payload().length;
                    last = message.text();
                } else {
                    skipped += JsonObject.parse(message.text()).number("skipped");
                }
            }
            assertThat(JsonObject.parse(message.text()).text("state")).isEqualTo("COMPLETED");
            assertThat(skipped).isPositive();
            assertThat(seen + skipped).isEqualTo(16L * much.length + 3);
            assertThat(last).endsWith("end");
        }
    }

    @Test
    void shouldTakeSignalsForARunButNoInput() throws Exception {
        var run = CompletableFuture.supplyAsync(() -> hvm.run("run", "--", "sleep"));
        awaitCommand();
        try (var client = new RawClient(socket)) {
            client.webSocket("/v1/jobs/1/attach");
            client.frame(BINARY, new byte[] {1});
            assertThat(JsonObject.parse(client.message().text())
                            .object("problem")
                            .text("owner"))
                    .isEqualTo("its hvm run");
            client.frame(TEXT, "{\"signal\":15}".getBytes(StandardCharsets.UTF_8));
            assertThat(JsonObject.parse(client.message().text()).text("state")).isEqualTo("CANCELLED");
        }
        assertThat(run.join().status()).isEqualTo(128 + 15);
        try (var client = new RawClient(socket)) {
            assertThat(client.webSocket("/v1/jobs/1/attach").json().text("code"))
                    .isEqualTo("wrong_state");
        }
    }

    private void awaitCommand() throws InterruptedException {
        await(() -> !machine.commands().isEmpty());
    }

    @Test
    void shouldReadNoOutputThatIsNoFileOfTheJobs() throws Exception {
        Path out = folder.resolve("out");
        hvm.run("submit", "--hold", "-o", "out", "--", "/bin/sleep");
        Files.createSymbolicLink(out, Path.of("/dev/zero"));
        try (var client = new RawClient(socket)) {
            client.webSocket("/v1/jobs/1/attach");
            assertThat(JsonObject.parse(client.message().text())
                            .object("problem")
                            .text("allowed"))
                    .isEqualTo("a regular file");
            assertThat(client.message().closeCode()).isEqualTo(WebSocketSink.POLICY);
        }
    }

    @Test
    void shouldWriteDownWhoOpensAConsoleBeforeItOpens() throws Exception {
        try (var client = new RawClient(socket)) {
            client.webSocket("/v1/vms/demo/console");
            JsonObject entry =
                    JsonObject.parse(Files.readAllLines(hvm.home.auditLog()).getLast());
            assertThat(entry.asMap())
                    .containsEntry("method", "GET")
                    .containsEntry("path", "/v1/vms/demo/console")
                    .containsEntry("subject", "vm/demo")
                    .containsEntry("status", 101L);
        }
    }

    @Test
    void shouldCarryAConsoleBothWays() throws Exception {
        try (var client = new RawClient(socket);
                var other = new RawClient(socket)) {
            client.webSocket("/v1/vms/demo/console");
            other.webSocket("/v1/vms/demo/console");
            client.frame(BINARY, "ls\n".getBytes(StandardCharsets.UTF_8));
            assertThat(client.message().text()).isEqualTo("ls\n");
            other.frame(TEXT, "id\n".getBytes(StandardCharsets.UTF_8));
            assertThat(client.message().text()).isEqualTo("id\n");
        }
    }

    @Test
    void shouldRefuseBeforeItBecomesAWebSocket() throws Exception {
        try (var client = new RawClient(socket)) {
            assertThat(client.webSocket("/v1/vms/none/console").json().text("code"))
                    .isEqualTo("no_such_vm");
        }
        try (var client = new RawClient(socket)) {
            assertThat(client.webSocket("/v1/jobs/9/attach").status()).isEqualTo(404);
        }
        RawClient.Answer plain = RawClient.get(socket, "/v1/jobs/9/attach");
        assertThat(plain.json().text("field")).isEqualTo("Upgrade");
    }

    @Test
    void shouldBearOnlySoManyRequestsOfACaller() {
        var limits = new Limits(1, 1, 1, 10, 3, 1, 1, Duration.ZERO);
        var now = new long[1];
        var rate = new RequestRate(limits, () -> now[0]);
        for (int i = 0; i < 3; i++) {
            rate.take("ada");
        }
        assertThatThrownBy(() -> rate.take("ada"))
                .isInstanceOfSatisfying(
                        HvmException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS))
                .hasMessageContaining("Allowed: 10 a second")
                .hasMessageContaining("Owner: ada");
        rate.take("bob");
        now[0] += 100_000_000; // a tenth of a second
        rate.take("ada");
        assertThatThrownBy(() -> rate.take("ada")).isInstanceOf(HvmException.class);
    }
}
