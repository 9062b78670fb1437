// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JobJournalTest {
    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");

    @TempDir
    private Path folder;

    @Test
    void shouldGiveBackWhatWasAppended() throws IOException {
        JobRecord ended = record(1, Optional.of(JobResult.exited(3, "because")));
        open().append(ended);
        assertThat(open().recover()).containsExactly(ended);
    }

    @Test
    void shouldLetTheLastRecordOfAJobCount() throws IOException {
        JobJournal journal = open();
        journal.append(record(1, Optional.empty()));
        journal.append(record(1, Optional.of(JobResult.exited(0, null))));
        assertThat(open().recover())
                .hasSize(1)
                .first()
                .extracting(JobRecord::state)
                .isEqualTo(JobState.COMPLETED);
    }

    @Test
    void shouldCountAJobThatHadNotEndedAsLost() throws IOException {
        open().append(record(1, Optional.empty()));
        JobRecord lost = open().recover().getFirst();
        assertThat(lost.state()).isEqualTo(JobState.NODE_FAIL);
        assertThat(lost.ended()).contains(NOW);
        assertThat(lost.result()).contains(JobResult.failed(JobState.NODE_FAIL, "hvmd ended while the job ran"));
    }

    @Test
    void shouldDropALineThatWasCutShort() throws IOException {
        open().append(record(1, Optional.of(JobResult.exited(0, null))));
        Files.writeString(folder.resolve("journal.jsonl"), "{\"job\":2,\"sta", StandardOpenOption.APPEND);
        assertThat(open().recover()).extracting(JobRecord::number).containsExactly(1);
    }

    @Test
    void shouldKeepTheNewestJobsOnly() throws IOException {
        JobJournal journal = open();
        Files.writeString(journal.logFile(1), "old");
        for (int number = 1; number <= JobJournal.KEPT_JOBS + 2; number++) {
            journal.append(record(number, Optional.of(JobResult.exited(0, null))));
        }
        List<JobRecord> kept = open().recover();
        assertThat(kept).hasSize(JobJournal.KEPT_JOBS);
        assertThat(kept.getFirst().number()).isEqualTo(3);
        assertThat(journal.logFile(1)).doesNotExist();
    }

    @Test
    void shouldBoundTheLogOfAJob() throws IOException {
        JobJournal journal = open();
        JobLog log = journal.newLog(1);
        for (int line = 0; line < 10_000; line++) {
            log.append("trace 0 0x401136 main+0x16");
        }
        assertThat(Files.size(journal.logFile(1))).isLessThan(JobLog.LIMIT + 100);
        assertThat(Files.readString(journal.logFile(1)))
                .startsWith("2026-01-02T03:04:05Z trace 0 0x401136 main+0x16\n")
                .endsWith("... further lines were dropped (limit 65536 bytes)\n");
    }

    private JobJournal open() throws IOException {
        return JobJournal.open(folder, Clock.fixed(NOW, ZoneOffset.UTC));
    }

    private static JobRecord record(int number, Optional<JobResult> result) {
        return new JobRecord(
                number,
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
                result);
    }
}
