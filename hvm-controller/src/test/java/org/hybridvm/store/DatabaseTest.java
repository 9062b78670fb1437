// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatabaseTest {
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-01-02T03:04:05Z"), ZoneOffset.UTC);

    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void setUp() {
        file = folder.resolve("hvm.db");
    }

    @Test
    void shouldKeepAllThatWasWrittenInTheOrderOfTheCalls() {
        var told = new ArrayList<Integer>();
        try (Database database = Database.open(file)) {
            var writes = new ArrayList<CompletableFuture<Void>>();
            for (int number = 1; number <= 1000; number++) {
                int each = number;
                writes.add(put(database, number).thenRun(() -> told.add(each)));
            }
            writes.forEach(CompletableFuture::join);
        }
        List<Integer> all = IntStream.rangeClosed(1, 1000).boxed().toList();
        assertThat(told).isEqualTo(all);
        assertThat(numbers()).isEqualTo(all);
    }

    @Test
    void shouldFailAloneWhatFailsAmongOthers() {
        try (Database database = Database.open(file)) {
            CompletableFuture<Void> before = put(database, 1);
            CompletableFuture<Integer> wrong = database.write(connection -> {
                try (var statement = connection.createStatement()) {
                    return statement.executeUpdate("INSERT INTO job (number) VALUES (2)");
                }
            });
            CompletableFuture<Void> after = put(database, 3);
            before.join();
            after.join();
            assertThat(wrong).isCompletedExceptionally();
        }
        assertThat(numbers()).containsExactly(1, 3);
    }

    @Test
    void shouldRefuseNewWorkWhenTheDiskIsFullAndTakeItAgainAfterwards() {
        try (Database database = Database.open(file)) {
            put(database, 1).join();
            limitPages(database, 1);
            assertThatThrownBy(() -> {
                        for (int number = 2; number < 100; number++) {
                            put(database, number).join();
                        }
                    })
                    .isInstanceOf(CompletionException.class)
                    .cause()
                    .isInstanceOfSatisfying(
                            HvmException.class,
                            refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.STORE_UNAVAILABLE))
                    .hasMessageContaining(file.toString())
                    .hasMessageContaining("full")
                    .hasMessageContaining("what runs goes on");
            limitPages(database, 1_000_000);
            put(database, 100).join();
        }
        assertThat(numbers()).contains(1, 100);
    }

    @Test
    void shouldRefuseAFileThatIsNoDatabaseAndMoveItAside() throws IOException {
        Files.writeString(file, "this is no database, whatever its name says. ".repeat(200));
        assertThatThrownBy(() -> Database.open(file))
                .isInstanceOfSatisfying(
                        HvmException.class,
                        refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.STORE_DAMAGED))
                .hasMessageContaining("hvm daemon recover --quarantine");
        assertThat(new Recovery(file, CLOCK).look()).hasSize(1);
        assertThat(new Recovery(file, CLOCK).quarantine()).hasSize(2);
        assertThat(folder.resolve("quarantine/hvm.db.2026-01-02T03-04-05Z")).exists();
        assertThat(numbers()).isEmpty();
    }

    @Test
    void shouldTakeOverTheSoundRecordsOfADamagedFile() throws IOException {
        try (Database database = Database.open(file)) {
            for (int number = 1; number <= 500; number++) {
                put(database, number);
            }
        }
        try (var bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(bytes.length() / 2);
            bytes.write(new byte[8192]);
        }
        assertThat(new Recovery(file, CLOCK).look()).hasSize(1);
        new Recovery(file, CLOCK).quarantine();
        assertThat(new Recovery(file, CLOCK).look()).isEmpty();
        assertThat(numbers()).hasSizeGreaterThan(100).startsWith(1).endsWith(500);
    }

    @Test
    void shouldMoveADamagedRecordAside() throws IOException {
        try (Database database = Database.open(file)) {
            put(database, 1).join();
            put(database, 2).join();
            database.write(connection -> {
                        try (var statement = connection.createStatement()) {
                            return statement.executeUpdate("UPDATE job SET record = 'other' WHERE number = 1");
                        }
                    })
                    .join();
        }
        assertThat(new Recovery(file, CLOCK).look()).containsExactly("the record of job 1 is damaged");
        assertThat(new Recovery(file, CLOCK).quarantine())
                .containsExactly("the damaged record of job 1 is now " + folder.resolve("quarantine/job-1.txt"));
        assertThat(folder.resolve("quarantine/job-1.txt")).content().startsWith("other\n");
        assertThat(numbers()).containsExactly(2);
    }

    @Test
    void shouldRefuseADatabaseOfANewerSchema() throws Exception {
        Database.open(file).close();
        try (var connection = java.sql.DriverManager.getConnection("jdbc:sqlite:" + file);
                var statement = connection.createStatement()) {
            statement.executeUpdate("PRAGMA user_version = 99");
        }
        assertThatThrownBy(() -> Database.open(file)).hasMessageContaining("newer hvmd");
    }

    private static CompletableFuture<Void> put(Database database, int number) {
        return database.write(connection -> {
            JobTable.put(
                    connection,
                    List.of(new JobRow(number, "record " + number, Optional.of("spec ".repeat(100) + number))));
            return null;
        });
    }

    private static void limitPages(Database database, int pages) {
        database.write(connection -> {
                    try (var statement = connection.createStatement()) {
                        return statement.execute("PRAGMA max_page_count = " + pages);
                    }
                })
                .join();
    }

    private List<Integer> numbers() {
        try (Database database = Database.open(file)) {
            JobTable.Contents contents = database.read(JobTable::read);
            assertThat(contents.damaged()).isEmpty();
            return contents.rows().stream().map(JobRow::number).toList();
        }
    }
}
