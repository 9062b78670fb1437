// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.hybridvm.JsonObject;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class AuditLogTest {
    private static final Caller ADA = new Caller(1001, 1001, List.of(), "ada", Role.USER);
    private static final AuditEntry CANCEL =
            new AuditEntry(ADA, "unix", "POST", "/v1/jobs/7/cancel", "job/7", 404, "no_such_job");

    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void setUp() {
        file = folder.resolve("audit.jsonl");
    }

    @Test
    void shouldHaveALineOnDiskWhenItSaysSo() throws IOException {
        try (AuditLog log = open(1 << 20, 2)) {
            log.write(CANCEL).join();
            assertThat(Files.readString(file))
                    .isEqualTo("{\"sequence\":1,\"time\":\"2026-01-02T03:04:05Z\",\"caller\":\"ada\",\"uid\":1001,"
                            + "\"role\":\"user\",\"source\":\"unix\",\"method\":\"POST\","
                            + "\"path\":\"/v1/jobs/7/cancel\",\"subject\":\"job/7\",\"status\":404,"
                            + "\"code\":\"no_such_job\"}\n");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .isEqualTo("rw-------");
        }
    }

    @Test
    void shouldNumberWithoutAGapOverAnEndAndALineThatWasTorn() throws IOException {
        try (AuditLog log = open(1 << 20, 2)) {
            log.write(CANCEL).join();
        }
        Files.writeString(file, "{\"sequence\":2,\"ti", StandardOpenOption.APPEND);
        try (AuditLog log = open(1 << 20, 2)) {
            log.write(CANCEL).join();
        }
        List<String> lines = Files.readAllLines(file);
        assertThat(lines).hasSize(3);
        assertThat(JsonObject.parse(lines.get(2)).number("sequence")).isEqualTo(2);
    }

    @Test
    void shouldPutFullFilesAsideAndKeepTheLastOfThem() throws IOException {
        try (AuditLog log = open(300, 3)) {
            for (int i = 0; i < 20; i++) {
                log.write(CANCEL).join();
            }
        }
        assertThat(Files.list(folder).map(path -> path.getFileName().toString()))
                .containsExactlyInAnyOrder("audit.jsonl", "audit.jsonl.1", "audit.jsonl.2");
        var sequences = new ArrayList<Long>();
        for (String name : List.of("audit.jsonl.2", "audit.jsonl.1", "audit.jsonl")) {
            for (String line : Files.readAllLines(folder.resolve(name))) {
                sequences.add(JsonObject.parse(line).number("sequence"));
            }
        }
        assertThat(sequences)
                .hasSizeGreaterThan(2)
                .isSorted()
                .doesNotHaveDuplicates()
                .endsWith(20L);
        try (AuditLog log = open(1, 3)) { // full at once: the next line begins a file
            log.write(CANCEL).join();
        }
        assertThat(Files.readString(file)).contains("\"sequence\":21,");
    }

    @Test
    void shouldWriteAllThatManyAskForAtOnce() throws IOException {
        try (AuditLog log = open(1 << 20, 2)) {
            var writes = new ArrayList<CompletableFuture<Void>>();
            for (int i = 0; i < 500; i++) {
                writes.add(log.write(CANCEL));
            }
            writes.forEach(CompletableFuture::join);
        }
        assertThat(Files.readAllLines(file)).hasSize(500);
    }

    @Test
    void shouldRefuseWhileItCannotWriteAndGoOnAfterwards() throws IOException {
        try (AuditLog log = open(1, 2)) { // wants to put its file aside before each line but the first
            log.write(CANCEL).join();
            Path obstacle = Files.createDirectories(folder.resolve("audit.jsonl.1/x"));
            assertThatThrownBy(() -> log.write(CANCEL).join()).hasMessageContaining("so it changes nothing");
            assertThatThrownBy(() -> log.ready().join()).hasMessageContaining("so it changes nothing");
            Files.delete(obstacle);
            log.ready().join();
            log.write(CANCEL).join();
        }
        assertThat(Files.readString(file)).contains("\"sequence\":3,");
        assertThat(Files.readString(folder.resolve("audit.jsonl.1"))).contains("\"source\":\"hvmd\"");
    }

    private AuditLog open(long size, int files) throws IOException {
        return new AuditLog(file, size, files, Clock.fixed(Instant.parse("2026-01-02T03:04:05Z"), ZoneOffset.UTC));
    }
}
