// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.hybridvm.HvmException;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.hybridvm.event.EventLog;
import org.hybridvm.store.Database;
import org.hybridvm.store.JobRow;
import org.hybridvm.store.JobTable;
import org.hybridvm.store.RequestKey;
import org.hybridvm.store.RequestTable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The books of the jobs: their records in the database, and {@code NUMBER.log} with each job's report in a folder. What a
 * caller is told is on disk before; a kill of hvmd at any instant loses no job that was told. May be used from any thread.
 */
public final class JobBooks {
    /** How many jobs that have ended are kept: the last to end. */
    public static final int KEPT_JOBS = 10_000;

    private static final int READ_AT_ONCE = 500;

    private static final Logger LOG = LoggerFactory.getLogger(JobBooks.class);
    private static final String JOURNAL = "journal.jsonl"; // what earlier versions kept instead of the database

    private final Database database;
    private final EventLog events;
    private final Path folder;
    private final Clock clock;
    private final Map<Integer, Late> unsaved = new ConcurrentHashMap<>();
    private final Map<Integer, JobEvent> told = new ConcurrentHashMap<>(); // of jobs that have not ended

    /** A record that is not on disk yet. */
    private record Late(JobRecord record, Runnable onDisk) {}

    private JobBooks(Database database, EventLog events, Path folder, Clock clock) {
        this.database = database;
        this.events = events;
        this.folder = folder;
        this.clock = clock;
    }

    /** Opens the books; nobody else publishes or follows their events. */
    public static JobBooks open(Database database, Path folder, Clock clock) throws IOException {
        return open(database, new EventLog(database, clock), folder, clock);
    }

    /**
     * Opens the books.
     *
     * @param events are told of every state of a job, in the transaction that keeps it
     * @param folder for the reports; made if it is not there
     */
    public static JobBooks open(Database database, EventLog events, Path folder, Clock clock) throws IOException {
        Files.createDirectories(folder);
        var books = new JobBooks(database, events, folder, clock);
        books.importJournal();
        return books;
    }

    /**
     * What the books say after a start.
     *
     * @param records oldest first
     * @param lastNumber the highest that a job has had
     * @param damaged numbers of jobs whose records cannot be trusted
     */
    record Recovered(List<JobRecord> records, int lastNumber, List<Integer> damaged) {}

    /** Reads all jobs, as the last hvmd left them; by and by, so that others read meanwhile. */
    Recovered recover() {
        var recovered = new Recovered(new ArrayList<>(), 0, new ArrayList<>());
        int last = 0;
        while (true) {
            int after = last;
            JobTable.Contents part = database.read(connection -> JobTable.read(connection, after, READ_AT_ONCE));
            for (JobRow row : part.rows()) {
                recover(row, recovered);
                last = row.number();
            }
            for (int number : part.damaged()) {
                LOG.error("job record damaged job={} reason=checksum mend=hvm daemon recover --quarantine", number);
                recovered.damaged().add(number);
                last = Math.max(last, number);
            }
            if (last == after) {
                return new Recovered(recovered.records(), part.lastNumber(), recovered.damaged());
            }
        }
    }

    private static void recover(JobRow row, Recovered recovered) {
        try {
            recovered.records().add(JobRecord.fromJson(JsonObject.parse(row.record())));
        } catch (HvmException | IllegalArgumentException | DateTimeException e) {
            LOG.error("job record damaged job={} reason={}", row.number(), e.getMessage());
            recovered.damaged().add(row.number());
        }
    }

    /**
     * Keeps records of jobs that are new.
     *
     * @return completes once they are on disk; fails with {@link HvmException} if they cannot be kept
     */
    CompletableFuture<Void> add(Collection<JobRecord> records) {
        List<Late> older = records.stream()
                .map(record -> unsaved.remove(record.number()))
                .filter(Objects::nonNull)
                .toList();
        return write(records).thenRun(() -> older.forEach(late -> late.onDisk().run()));
    }

    private CompletableFuture<Void> write(Collection<JobRecord> records) {
        return write(records, records.stream().map(JobBooks::row).toList(), connection -> null);
    }

    /**
     * The same with what each needs to be started, and with the request that asked for them and its answer.
     *
     * @return fails with {@link RequestTable.Repeated}, and keeps nothing, if that request was made before
     */
    CompletableFuture<Void> addBatch(
            Collection<JobRecord> records, BatchSpec spec, Optional<RequestKey> request, String answer) {
        var text = Optional.of(Json.write(spec.toJson()));
        List<JobRow> rows = records.stream()
                .map(record -> new JobRow(record.number(), Json.write(record.toStored()), text))
                .toList();
        return write(records, rows, connection -> {
            if (request.isPresent()) {
                RequestTable.add(connection, request.get(), answer, clock.instant());
            }
            return null;
        });
    }

    /** What a request was answered, if it was made before. Blocks. */
    Optional<RequestTable.Earlier> earlier(RequestKey request) {
        return database.read(connection -> RequestTable.find(connection, request, clock.instant()));
    }

    /** With the events about what is new in them. */
    private CompletableFuture<Void> write(Collection<JobRecord> records, List<JobRow> rows, Database.Work<Void> first) {
        List<JobEvent> fresh = records.stream()
                .map(JobEvent::of)
                .filter(event -> !event.equals(told.get(event.job())))
                .toList();
        Instant now = clock.instant();
        return events.writeWith(
                        connection -> {
                            first.with(connection);
                            JobTable.put(connection, rows);
                            return null;
                        },
                        fresh.stream().map(event -> event.at(now)).toList())
                .thenRun(() -> fresh.forEach(this::remember));
    }

    private void remember(JobEvent event) {
        if (event.state().isTerminal()) {
            told.remove(event.job());
        } else {
            told.put(event.job(), event);
        }
    }

    /** What a batch job needs to be started; empty if its record is damaged. */
    Optional<BatchSpec> spec(int number) {
        return database.read(connection -> JobTable.spec(connection, number))
                .map(text -> BatchSpec.fromJson(JsonObject.parse(text)));
    }

    /**
     * Keeps a record of a job that is known. A failing disk is named in hvmd's log, and {@link #saveAgain} tries again: the
     * job itself goes on.
     *
     * @return completes once it is on disk, or cannot be kept now
     */
    CompletableFuture<Void> save(JobRecord record) {
        return save(record, () -> {});
    }

    /** @param onDisk called once it is, sooner or later; not if the job has got a newer record by then */
    CompletableFuture<Void> save(JobRecord record, Runnable onDisk) {
        var late = new Late(record, onDisk);
        unsaved.put(record.number(), late);
        return write(List.of(record)).handle((ignored, failure) -> {
            if (failure == null) {
                kept(late);
            } else {
                LOG.warn("job record not kept yet job={} reason={}", record.number(), failure.getMessage());
            }
            return null;
        });
    }

    /** Tries again to keep what could not be kept. */
    void saveAgain() {
        List<Late> all = List.copyOf(unsaved.values());
        if (!all.isEmpty()) {
            write(all.stream().map(Late::record).toList()).thenRun(() -> all.forEach(this::kept));
        }
    }

    private void kept(Late late) {
        if (unsaved.remove(late.record().number(), late)) {
            late.onDisk().run();
        }
    }

    /** Forgets a job. */
    void forget(int number) {
        deleteLog(number);
        database.<Void>write(connection -> {
            JobTable.delete(connection, number);
            return null;
        });
    }

    JobLog newLog(int number) {
        deleteLog(number);
        return new JobLog(logFile(number), clock);
    }

    /** The log of a job that another hvmd has begun. */
    JobLog oldLog(int number) {
        return JobLog.goOn(logFile(number), clock);
    }

    Path logFile(int number) {
        return folder.resolve(number + ".log");
    }

    private void deleteLog(int number) {
        try {
            Files.deleteIfExists(logFile(number));
        } catch (IOException e) {
            LOG.warn("job log not deleted file={}", logFile(number), e);
        }
    }

    private static JobRow row(JobRecord record) {
        return new JobRow(record.number(), Json.write(record.toStored()), Optional.empty());
    }

    /** Once: afterwards the journal has another name. */
    private void importJournal() throws IOException {
        Path journal = folder.resolve(JOURNAL);
        if (!Files.exists(journal)) {
            return;
        }
        var byNumber = new TreeMap<Integer, JobRecord>(); // the last record of a job counts
        for (String line : Files.readAllLines(journal)) {
            try {
                JobRecord record = JobRecord.fromJson(JsonObject.parse(line));
                byNumber.put(record.number(), record);
            } catch (HvmException | IllegalArgumentException | DateTimeException e) {
                LOG.warn("job record not imported file={} line={} reason={}", journal, line, e.getMessage());
            }
        }
        List<JobRow> rows = byNumber.values().stream().map(JobBooks::row).toList();
        database.<Void>write(connection -> {
                    JobTable.put(connection, rows);
                    return null; // and no events: it was long ago
                })
                .join();
        Files.move(journal, folder.resolve(JOURNAL + ".imported"), StandardCopyOption.REPLACE_EXISTING);
        LOG.info("job journal imported file={} jobs={}", journal, byNumber.size());
    }
}
