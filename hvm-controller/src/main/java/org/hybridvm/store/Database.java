// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.LongConsumer;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/**
 * hvmd's database: one SQLite file with a write-ahead log, synchronised to disk at each commit. Writes go through one
 * thread, which takes all that wait into one transaction (group commit, DeWitt et al. 1984): a disk's flush is shared by
 * those who wait for it.
 *
 * <p>Methods may be called from any thread.
 */
public final class Database implements AutoCloseable {
    /** System property: {@code before:N} or {@code after:N}: where to halt the process, N the number of the commit. */
    static final String HALT_PROPERTY = "hvm.store.halt";

    private static final String HALT = System.getProperty(HALT_PROPERTY, "");
    private static final int HALTED = 137; // as SIGKILL
    private static final int MOST_AT_ONCE = 256;
    private static final int NOTADB = SQLiteErrorCode.SQLITE_NOTADB.code;
    private static final int CORRUPT = SQLiteErrorCode.SQLITE_CORRUPT.code;

    /** Something done with the connection. */
    public interface Work<T> {
        T with(Connection connection) throws SQLException;
    }

    private record Write<T>(Work<T> work, CompletableFuture<T> done) {
        private Runnable run(Connection connection) throws SQLException {
            T answer = work.with(connection);
            return () -> done.complete(answer);
        }
    }

    private final Path file;
    private final Connection connection; // the writer's
    private final Connection reader; // guarded by itself
    private final BlockingQueue<Write<?>> queue = new LinkedBlockingQueue<>();
    private final Thread writer;
    private final ExecutorService told = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("store-told").factory());
    private volatile boolean closed;
    private int commitCount; // the writer's
    private volatile LongConsumer commits = nanoseconds -> {};

    private Database(Path file) throws SQLException {
        this.file = file;
        makePrivate(file);
        this.connection = connect(file);
        try {
            check();
            Migrations.run(connection, file);
            this.reader = connect(file);
        } catch (SQLException | RuntimeException e) {
            connection.close();
            throw e;
        }
        writer = Thread.ofPlatform().daemon().name("store-writer").start(this::writeAll);
    }

    /**
     * Opens the database, makes it if there is none, and brings it to the present schema.
     *
     * @throws HvmException {@link ErrorCode#STORE_DAMAGED} if the file is no sound database;
     *     {@link ErrorCode#STORE_UNAVAILABLE} if it cannot be used now
     */
    public static Database open(Path file) {
        try {
            return new Database(file);
        } catch (SQLException e) {
            throw refusal(file, e);
        }
    }

    /**
     * Does {@code work} in a transaction. The answer comes once it is on disk, in the order of the calls, on a thread that
     * must not be blocked for long. Work may be done twice if a neighbour in its transaction fails; its first effects are
     * undone then.
     *
     * @return fails with {@link HvmException} {@link ErrorCode#STORE_UNAVAILABLE} if it could not be kept
     */
    public <T> CompletableFuture<T> write(Work<T> work) {
        var done = new CompletableFuture<T>();
        queue.add(new Write<>(work, done));
        if (closed) {
            refuseWaiting();
        }
        return done;
    }

    /** Reads what has been committed. Blocks. */
    public <T> T read(Work<T> work) {
        synchronized (reader) {
            try {
                return work.with(reader);
            } catch (SQLException e) {
                throw refusal(file, e);
            }
        }
    }

    /** {@code observer} hears of each commit that succeeds how many nanoseconds it took; it must not block. */
    public void onCommit(LongConsumer observer) {
        commits = observer;
    }

    public Path file() {
        return file;
    }

    /** Keeps what was asked to be written, then ends. */
    @Override
    public void close() {
        closed = true;
        writer.interrupt();
        try {
            writer.join();
            synchronized (reader) {
                reader.close();
            }
            connection.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (SQLException e) {
            throw refusal(file, e);
        } finally {
            refuseWaiting();
            told.shutdown();
        }
    }

    private static Connection connect(Path file) throws SQLException {
        var config = new SQLiteConfig();
        config.setJournalMode(SQLiteConfig.JournalMode.WAL);
        config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
        config.setBusyTimeout(10_000);
        return config.createConnection("jdbc:sqlite:" + file);
    }

    /** Scripts and environments of all users are in it. SQLite gives the files beside it the same permissions. */
    private static void makePrivate(Path file) throws SQLException {
        Set<PosixFilePermission> onlyOwner = PosixFilePermissions.fromString("rw-------");
        try {
            if (Files.exists(file)) {
                for (String suffix : List.of("", "-wal", "-shm")) {
                    Path part = file.resolveSibling(file.getFileName() + suffix);
                    if (Files.exists(part)
                            && !Files.getPosixFilePermissions(part).equals(onlyOwner)) {
                        Files.setPosixFilePermissions(part, onlyOwner);
                    }
                }
            } else if (Files.isDirectory(folder(file))) {
                Files.createFile(file, PosixFilePermissions.asFileAttribute(onlyOwner));
            }
        } catch (IOException e) {
            throw new SQLException("its permissions cannot be set: " + e, e);
        }
    }

    private void check() throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet answer = statement.executeQuery("PRAGMA quick_check(1)")) {
            String found = answer.getString(1);
            if (!found.equals("ok")) {
                throw damaged(file, found.lines().findFirst().orElse(""), null);
            }
        }
    }

    private void writeAll() {
        var batch = new ArrayList<Write<?>>();
        while (true) {
            try {
                batch.add(closed ? queue.remove() : queue.take());
            } catch (InterruptedException e) {
                continue; // closed, or a stray interrupt
            } catch (java.util.NoSuchElementException e) {
                return;
            }
            queue.drainTo(batch, MOST_AT_ONCE - 1);
            write(batch);
            batch.clear();
        }
    }

    private void write(List<Write<?>> batch) {
        try {
            List<Runnable> answers = commit(batch);
            told.execute(() -> answers.forEach(Runnable::run));
        } catch (SQLException | RuntimeException e) {
            if (batch.size() == 1) {
                Throwable refusal = e instanceof SQLException sql ? refusal(file, sql) : e;
                CompletableFuture<?> done = batch.getFirst().done();
                told.execute(() -> done.completeExceptionally(refusal));
            } else {
                batch.forEach(one -> write(List.of(one))); // so that one that fails fails alone
            }
        }
    }

    /** For tests of what a kill leaves: halts the process before or after one of its commits. */
    private static void haltIfAsked(String when, int number) {
        if (HALT.equals(when + ":" + number)) {
            System.err.println("halted " + HALT);
            Runtime.getRuntime().halt(HALTED);
        }
    }

    private List<Runnable> commit(List<Write<?>> batch) throws SQLException {
        var answers = new ArrayList<Runnable>();
        long start = System.nanoTime();
        try (Statement transaction = connection.createStatement()) {
            transaction.executeUpdate("BEGIN IMMEDIATE");
            try {
                for (Write<?> write : batch) {
                    answers.add(write.run(connection));
                }
                haltIfAsked("before", ++commitCount);
                transaction.executeUpdate("COMMIT");
                haltIfAsked("after", commitCount);
                commits.accept(System.nanoTime() - start);
                return answers;
            } catch (SQLException | RuntimeException e) {
                rollBack(transaction);
                throw e;
            }
        }
    }

    private static void rollBack(Statement transaction) {
        try {
            transaction.executeUpdate("ROLLBACK");
        } catch (SQLException e) {
            // a full disk, among others, has made SQLite roll back by itself
        }
    }

    private void refuseWaiting() {
        if (writer != null && writer.isAlive()) {
            return; // it takes them itself
        }
        for (Write<?> write = queue.poll(); write != null; write = queue.poll()) {
            write.done()
                    .completeExceptionally(HvmException.of(ErrorCode.SHUTTING_DOWN, "hvmd ends")
                            .hint("try again in a second")
                            .build());
        }
    }

    private static HvmException refusal(Path file, SQLException cause) {
        if (cause instanceof SQLiteException known
                && ((known.getResultCode().code & 0xff) == CORRUPT || (known.getResultCode().code & 0xff) == NOTADB)) {
            return damaged(file, cause.getMessage(), cause);
        }
        return HvmException.of(ErrorCode.STORE_UNAVAILABLE, "hvmd cannot write its database, so it takes no new work")
                .value(file + " (" + cause.getMessage() + ")")
                .allowed("a file system with free space that can be written")
                .hint("df -h " + folder(file) + "; what runs goes on")
                .cause(cause)
                .build();
    }

    private static HvmException damaged(Path file, String found, Throwable cause) {
        return HvmException.of(ErrorCode.STORE_DAMAGED, "hvmd's database is damaged")
                .value(file + " (" + found + ")")
                .hint("hvm daemon recover --quarantine, which keeps every sound record and moves the file aside")
                .cause(cause)
                .build();
    }

    private static Path folder(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        return Files.exists(folder) ? folder : file;
    }
}
