// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.DateTimeException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import org.hybridvm.HvmException;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The history of jobs in a folder: {@code journal.jsonl}, one record a line, where the last record of a number counts,
 * and {@code NUMBER.log} with each job's report. Survives a kill of hvmd at any instant: a line cut short is dropped. It
 * is not synchronised to disk at every record, because these jobs live no longer than their callers.
 */
public final class JobJournal {
    static final int KEPT_JOBS = 1000;
    private static final int COMPACT_AFTER_RECORDS = 10_000;

    private static final Logger LOG = LoggerFactory.getLogger(JobJournal.class);

    private final Path folder;
    private final Path file;
    private final Clock clock;
    private int recordsInFile;

    private JobJournal(Path folder, Clock clock) {
        this.folder = folder;
        this.file = folder.resolve("journal.jsonl");
        this.clock = clock;
    }

    /** Opens the journal in {@code folder}, which is made if it is not there. */
    public static JobJournal open(Path folder, Clock clock) throws IOException {
        Files.createDirectories(folder);
        return new JobJournal(folder, clock);
    }

    /** Reads the newest jobs, oldest first; jobs that had not ended count as lost with the hvmd that ran them. */
    synchronized List<JobRecord> recover() throws IOException {
        var byNumber = new TreeMap<Integer, JobRecord>();
        for (String line : Files.exists(file) ? Files.readAllLines(file) : List.<String>of()) {
            try {
                JobRecord record = JobRecord.fromJson(JsonObject.parse(line));
                byNumber.put(record.number(), record);
            } catch (HvmException | IllegalArgumentException | DateTimeException e) {
                LOG.warn("job record dropped file={} line={} reason={}", file, line, e.getMessage());
            }
        }
        while (byNumber.size() > KEPT_JOBS) {
            deleteLog(byNumber.pollFirstEntry().getKey());
        }
        var records = new ArrayList<JobRecord>();
        for (JobRecord record : byNumber.values()) {
            records.add(record.state().isTerminal() ? record : record.abandoned(clock.instant()));
        }
        compact(records);
        return records;
    }

    /** Adds a record. A failing disk is named in hvmd's log; the job itself goes on. */
    synchronized void append(JobRecord record) {
        try {
            Files.writeString(file, line(record), CREATE, APPEND);
            recordsInFile++;
        } catch (IOException e) {
            LOG.warn("job record lost job={} file={}", record.number(), file, e);
        }
    }

    /** Rewrites the file with {@code kept} alone once it has grown long. */
    synchronized void compactIfLong(Collection<JobRecord> kept) {
        if (recordsInFile < COMPACT_AFTER_RECORDS) {
            return;
        }
        try {
            compact(kept);
        } catch (IOException e) {
            LOG.warn("job journal not compacted file={}", file, e);
        }
    }

    JobLog newLog(int number) {
        deleteLog(number);
        return new JobLog(logFile(number), clock);
    }

    Path logFile(int number) {
        return folder.resolve(number + ".log");
    }

    void deleteLog(int number) {
        try {
            Files.deleteIfExists(logFile(number));
        } catch (IOException e) {
            LOG.warn("job log not deleted file={}", logFile(number), e);
        }
    }

    private void compact(Collection<JobRecord> kept) throws IOException {
        var text = new StringBuilder();
        kept.forEach(record -> text.append(line(record)));
        Path fresh = folder.resolve("journal.jsonl.new");
        Files.writeString(fresh, text);
        Files.move(fresh, file, ATOMIC_MOVE, REPLACE_EXISTING);
        recordsInFile = kept.size();
    }

    private static String line(JobRecord record) {
        return Json.write(record.toJson()) + "\n";
    }
}
