// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.hybridvm.Home;
import org.hybridvm.JsonObject;
import org.hybridvm.access.OwnIdentity;
import org.hybridvm.api.FakeVmControl;
import org.hybridvm.cli.HvmTester.Outcome;
import org.hybridvm.job.FakeMachine;
import org.hybridvm.job.OutputStreamKind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** hvmd over TCP: TLS and tokens, and what comes without them. */
@Timeout(60)
class TcpTest {
    @TempDir
    private Path folder;

    private FakeMachine machine;
    private HvmTester hvm;
    private Home home;
    private int port;

    @BeforeEach
    void setUp() throws Exception {
        home = new Home(folder.resolve("s"), folder.resolve("r"));
        try (var free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        SelfSigned.make(home.certificate(), home.key(), List.of("localhost", "127.0.0.1"), 2);
        Files.writeString(home.configuration(), "listen: {port: %d}\n".formatted(port));
        Files.setPosixFilePermissions(home.configuration(), PosixFilePermissions.fromString("rw-r--r--"));
        machine = new FakeMachine("demo", 2).install("/bin/cat", process -> {
            byte[] input = process.read();
            process.write(OutputStreamKind.STDOUT, input);
            return 3;
        });
        hvm = new HvmTester(new FakeVmControl(machine, folder.resolve("console")).launched(), folder);
    }

    @AfterEach
    void tearDown() throws IOException {
        hvm.close();
    }

    @Test
    void shouldServeAClientThatHasATokenAndTrustsTheCertificate() {
        Outcome outcome = hvm.run(with(token()), "version", "-o", "json");
        assertThat(outcome.err()).isEmpty();
        assertThat(JsonObject.parse(outcome.out()).text("api")).isEqualTo("v1");
    }

    @Test
    void shouldCarryAJobsStreams() {
        String secret = token();
        var environment = with(secret);
        Outcome outcome = hvm.runWithInput(environment, "hello", "run", "--cwd", "/", "--", "/bin/cat");
        assertThat(outcome).isEqualTo(new Outcome(3, "hello", ""));
    }

    @Test
    void shouldRefuseAWrongAndARevokedToken() {
        String secret = token();
        assertThat(hvm.run(with(secret.substring(0, 20) + "x".repeat(secret.length() - 20)), "list"))
                .isEqualTo(new Outcome(
                        1, "", "hvm: The token is wrong, expired or revoked. Try: hvm token list on hvmd's host\n"));
        assertThat(hvm.run("token", "revoke", secret.split("_")[1]).status()).isZero();
        assertThat(hvm.run(with(secret), "list").err()).contains("The token is wrong, expired or revoked");
        assertThat(hvm.run(with(secret), "run", "--cwd", "/", "--", "/bin/cat").err())
                .contains("The token is wrong, expired or revoked");
    }

    @Test
    void shouldCutAStreamWhoseTokenIsRevoked() throws Exception {
        var begun = new CountDownLatch(1);
        var end = new CountDownLatch(1);
        machine.install("/bin/gate", process -> {
            begun.countDown();
            end.await();
            return 0;
        });
        String secret = token();
        CompletableFuture<Outcome> run =
                CompletableFuture.supplyAsync(() -> hvm.run(with(secret), "run", "--cwd", "/", "--", "/bin/gate"));
        assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(hvm.run("token", "revoke", secret.split("_")[1]).status()).isZero();
        Outcome cut = run.get(30, TimeUnit.SECONDS);
        end.countDown();
        assertThat(cut.status()).isNotZero();
        assertThat(cut.err()).contains("hvm: ");
    }

    @Test
    void shouldRefuseAnExpiredToken() throws Exception {
        JsonObject made =
                JsonObject.parse(hvm.run("token", "create", "-o", "json").out());
        try (var database = java.sql.DriverManager.getConnection("jdbc:sqlite:" + home.database());
                var statement = database.createStatement()) {
            statement.executeUpdate("UPDATE token SET expires = 1 WHERE id = '" + made.text("token") + "'");
        }
        assertThat(hvm.run(with(made.text("secret")), "list").err()).contains("The token is wrong, expired or revoked");
    }

    @Test
    void shouldGiveNoMoreThanTheTokensRole() {
        String secret = hvm.run("token", "create", "--role", "viewer").out().strip();
        assertThat(hvm.run(with(secret), "list").status()).isZero();
        assertThat(hvm.run(with(secret), "destroy", "demo").err())
                .startsWith("hvm: This takes another role: "
                        + OwnIdentity.ofThisProcess().name() + " is viewer. Allowed: operator and above.");
        assertThat(hvm.run(with(secret), "token", "create", "--role", "admin").err())
                .contains("A token cannot have more than its maker's role");
    }

    @Test
    void shouldNotTalkToAServerWhoseCertificateItDoesNotTrust() {
        var environment = with(token());
        environment.remove("HVM_CA");
        assertThat(hvm.run(environment, "list").err())
                .startsWith("hvm: hvmd's certificate is not trusted, or it speaks no TLS: https://localhost:" + port)
                .endsWith("Try: set HVM_CA to a PEM file with hvmd's certificate or its authority's\n");
    }

    @Test
    void shouldAskForATokenBeforeItConnects() {
        assertThat(hvm.run(Map.of("HVM_URL", "https://localhost:" + port), "list")
                        .err())
                .startsWith("hvm: Over TCP every request needs a token. Allowed: HVM_TOKEN or HVM_TOKEN_FILE.");
        assertThat(hvm.run(Map.of("HVM_URL", "http://localhost:" + port), "list")
                        .err())
                .startsWith("hvm: HVM_URL does not name a hvmd: http://localhost:" + port);
    }

    @Test
    void shouldReadATokenFromAFileThatNobodyElseMayRead() throws IOException {
        Path file = Files.writeString(folder.resolve("token"), token() + "\n");
        var environment = with("");
        environment.put("HVM_TOKEN_FILE", file.toString());
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        assertThat(hvm.run(environment, "list").err()).contains("Everybody could read the token: " + file);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        assertThat(hvm.run(environment, "list").status()).isZero();
    }

    @Test
    void shouldNeverAnswerWithoutTls() throws IOException {
        try (var plain = new Socket("127.0.0.1", port)) {
            plain.getOutputStream()
                    .write(("GET /v1/version HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token() + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            String answer = new String(plain.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
            assertThat(answer).doesNotContain("HTTP/1.1 200").doesNotContain("version");
        }
    }

    @Test
    void shouldWriteDownWhoAskedFromWhere() throws IOException {
        hvm.run(with("hvm_000000000000_" + "x".repeat(43)), "destroy", "demo");
        JsonObject entry = JsonObject.parse(Files.readAllLines(home.auditLog()).getLast());
        assertThat(entry.text("source")).startsWith("127.0.0.1:");
        assertThat(entry.asMap())
                .containsEntry("caller", null)
                .containsEntry("method", "DELETE")
                .containsEntry("subject", "vm/demo")
                .containsEntry("code", "unauthenticated");
    }

    private String token() {
        return hvm.run("token", "create").out().strip();
    }

    private Map<String, String> with(String token) {
        return new HashMap<>(Map.of(
                "HVM_URL",
                "https://localhost:" + port,
                "HVM_TOKEN",
                token,
                "HVM_CA",
                home.certificate().toString()));
    }
}
