// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.hybridvm.Json;
import org.hybridvm.access.Owner;
import org.hybridvm.event.EventFilter;
import org.hybridvm.event.EventLog;
import org.hybridvm.store.Database;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JobBooksTest {
    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");

    @TempDir
    private Path folder;

    private Database database;

    @BeforeEach
    void setUp() {
        database = Database.open(folder.resolve("hvm.db"));
    }

    @AfterEach
    void tearDown() {
        database.close();
    }

    @Test
    void shouldGiveBackWhatWasSaved() throws IOException {
        JobRecord ended = record(1, Optional.of(JobResult.exited(3, "because")));
        open().save(ended).join();
        assertThat(open().recover().records()).containsExactly(ended);
    }

    @Test
    void shouldLetTheLastRecordOfAJobCount() throws IOException {
        JobBooks books = open();
        books.save(record(1, Optional.empty())).join();
        books.save(record(1, Optional.of(JobResult.exited(0, null)))).join();
        assertThat(open().recover().records())
                .hasSize(1)
                .first()
                .extracting(JobRecord::state)
                .isEqualTo(JobState.COMPLETED);
    }

    @Test
    void shouldGiveBackAJobThatRunsWithAllThatAnotherHvmdNeeds() throws IOException {
        var handover =
                new Handover("life", "key", Optional.of(Duration.ofMillis(1500)), -7, true, Handover.Asked.CANCEL);
        JobRecord running = record(1, Optional.empty(), handover);
        open().save(running).join();
        assertThat(open().recover().records()).containsExactly(running);
        assertThat(running.toJson()).doesNotContainKey("handover");
    }

    @Test
    void shouldGoOnWithALogAndCutOffWhatAKillLeftOfALine() throws IOException {
        JobBooks books = open();
        JobLog log = books.newLog(1);
        log.append("one");
        log.append("two words");
        Files.writeString(books.logFile(1), "2026-01-02T03:04:05Z hal", StandardOpenOption.APPEND);
        JobLog again = books.oldLog(1);
        assertThat(again.lines()).containsExactly("one", "two words");
        again.append("three");
        assertThat(books.logFile(1))
                .hasContent("2026-01-02T03:04:05Z one\n2026-01-02T03:04:05Z two words\n2026-01-02T03:04:05Z three\n");
    }

    @Test
    void shouldImportAJournalOnceAndDropALineThatWasCutShort() throws IOException {
        Path journal = folder.resolve("journal.jsonl");
        JobRecord old = record(7, Optional.of(JobResult.exited(0, null)));
        Files.writeString(journal, Json.write(old.toJson()) + "\n{\"job\":8,\"sta");
        JobBooks.Recovered recovered = open().recover();
        assertThat(recovered.records()).containsExactly(old);
        assertThat(recovered.lastNumber()).isEqualTo(7);
        assertThat(journal).doesNotExist();
        assertThat(folder.resolve("journal.jsonl.imported")).exists();
        assertThat(open().recover().records()).containsExactly(old);
    }

    @Test
    void shouldNameADamagedRecordAndNotGiveItsNumberAgain() throws IOException {
        JobBooks books = open();
        books.save(record(1, Optional.of(JobResult.exited(0, null)))).join();
        books.save(record(2, Optional.of(JobResult.exited(0, null)))).join();
        database.write(connection -> {
                    try (var statement = connection.createStatement()) {
                        return statement.executeUpdate(
                                "UPDATE job SET record = replace(record, 'demo', 'dfmo') WHERE number = 2");
                    }
                })
                .join();
        JobBooks.Recovered recovered = open().recover();
        assertThat(recovered.damaged()).containsExactly(2);
        assertThat(recovered.records()).extracting(JobRecord::number).containsExactly(1);
        assertThat(recovered.lastNumber()).isEqualTo(2);
    }

    @Test
    void shouldReadAllJobsHoweverMany() throws IOException {
        int count = 1201; // more than are read at once, and no multiple of it
        open().add(IntStream.rangeClosed(1, count)
                        .mapToObj(number -> record(number, Optional.of(JobResult.exited(0, null))))
                        .toList())
                .join();
        database.write(connection -> {
                    try (var statement = connection.createStatement()) {
                        return statement.executeUpdate("UPDATE job SET sum = 0 WHERE number > 490 AND number <= 1000");
                    }
                })
                .join();
        JobBooks.Recovered recovered = open().recover();
        assertThat(recovered.records()).hasSize(count - 510);
        assertThat(recovered.damaged()).hasSize(510);
        assertThat(recovered.lastNumber()).isEqualTo(count);
    }

    @Test
    void shouldForgetAJobButNotThatItsNumberIsTaken() throws IOException {
        JobBooks books = open();
        books.save(record(5, Optional.of(JobResult.exited(0, null)))).join();
        Files.writeString(books.logFile(5), "old");
        books.forget(5);
        books.save(record(4, Optional.of(JobResult.exited(0, null)))).join();
        assertThat(open().recover().records()).extracting(JobRecord::number).containsExactly(4);
        assertThat(open().recover().lastNumber()).isEqualTo(5);
        assertThat(books.logFile(5)).doesNotExist();
    }

    @Test
    void shouldKeepARecordLaterThatCouldNotBeKeptAtOnce() throws IOException {
        JobBooks books = open();
        JobRecord ended = record(1, Optional.of(JobResult.exited(1, "long ".repeat(10_000))));
        limitPages(1);
        books.save(ended).join();
        assertThat(open().recover().records()).isEmpty();
        limitPages(1_000_000);
        books.saveAgain();
        database.write(connection -> null).join();
        assertThat(open().recover().records()).containsExactly(ended);
    }

    @Test
    void shouldTellEachStateOfAJobOnceWhenItIsKept() throws IOException {
        var events = new EventLog(database, Clock.fixed(NOW, ZoneOffset.UTC));
        JobBooks books = JobBooks.open(database, events, folder, Clock.fixed(NOW, ZoneOffset.UTC));
        books.save(record(1, Optional.empty())).join();
        books.save(record(1, Optional.empty())).join();
        books.save(record(1, Optional.of(JobResult.exited(3, null)))).join();
        assertThat(events.read(0, 10, EventFilter.ALL).events())
                .extracting(event -> event.subject() + " " + event.facts())
                .containsExactly(
                        "job/1 {state=RUNNING, user=ada, user_id=1000, vm=demo, partition=hrt}",
                        "job/1 {state=FAILED, user=ada, user_id=1000, vm=demo, partition=hrt, exit_code=3, signal=0, reason=null}");
    }

    @Test
    void shouldBoundTheLogOfAJob() throws IOException {
        JobBooks books = open();
        JobLog log = books.newLog(1);
        for (int line = 0; line < 10_000; line++) {
            log.append("trace 0 0x401136 main+0x16");
        }
        assertThat(Files.size(books.logFile(1))).isLessThan(JobLog.LIMIT + 100);
        assertThat(Files.readString(books.logFile(1)))
                .startsWith("2026-01-02T03:04:05Z trace 0 0x401136 main+0x16\n")
                .endsWith("... further lines were dropped (limit 65536 bytes)\n");
    }

    private void limitPages(int pages) {
        database.write(connection -> {
                    try (var statement = connection.createStatement()) {
                        return statement.execute("PRAGMA max_page_count = " + pages);
                    }
                })
                .join();
    }

    private JobBooks open() throws IOException {
        return JobBooks.open(database, folder, Clock.fixed(NOW, ZoneOffset.UTC));
    }

    private static JobRecord record(int number, Optional<JobResult> result) {
        return record(number, result, Handover.NONE);
    }

    private static JobRecord record(int number, Optional<JobResult> result, Handover handover) {
        return new JobRecord(
                number,
                new Owner(1000, "ada"),
                "demo",
                "hrt",
                PartitionKind.HRT,
                1,
                List.of("/bin/busybox", "true"),
                "/home/me",
                result.map(JobResult::state).orElse(JobState.RUNNING),
                NOW,
                Optional.of(NOW),
                result.map(ignored -> NOW),
                result,
                Optional.empty(),
                handover,
                Optional.empty());
    }
}
