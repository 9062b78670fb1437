// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.event;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.store.Database;
import org.hybridvm.store.EventRow;
import org.hybridvm.store.EventTable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happened on this node, numbered and on disk. Numbers are given with the commit, so nobody hears of one that a crash
 * could take back, and they grow in the order in which followers read. The oldest events are dropped: as with Kubernetes's
 * resource versions, who asks for those is told so and begins anew from what is there.
 *
 * <p>Followers are woken and then read at their own pace; nothing is kept for a slow one but its place. May be used from
 * any thread.
 */
public final class EventLog implements Events, AutoCloseable {
    /** So many events are kept. */
    public static final int KEPT = 100_000;

    /** So many wait for a disk that cannot be written; the oldest of more are dropped. */
    static final int MAX_WAITING = 10_000;

    private static final Logger LOG = LoggerFactory.getLogger(EventLog.class);
    private static final int MOST_AT_ONCE = 500;
    private static final Duration TRY_AGAIN = Duration.ofSeconds(1);

    private final Database database;
    private final Clock clock;
    private final int kept;
    private final Set<Runnable> followers = ConcurrentHashMap.newKeySet();
    private final Executor later =
            CompletableFuture.delayedExecutor(TRY_AGAIN.toMillis(), TimeUnit.MILLISECONDS, Runnable::run);

    private final Deque<Event> waiting = new ArrayDeque<>(); // guarded by itself
    private boolean writing; // guarded by waiting
    private long dropped; // guarded by waiting
    private boolean closed; // guarded by waiting

    public EventLog(Database database, Clock clock) {
        this(database, clock, KEPT);
    }

    EventLog(Database database, Clock clock, int kept) {
        this.database = database;
        this.clock = clock;
        this.kept = kept;
    }

    @Override
    public void publish(String kind, String subject, Map<String, Object> facts) {
        synchronized (waiting) {
            waiting.add(Event.now(clock.instant(), kind, subject, facts));
            bound();
        }
        flush();
    }

    /**
     * Does {@code work} and keeps {@code events}, in one transaction: neither is on disk without the other.
     *
     * @return as {@link Database#write}
     */
    public CompletableFuture<Void> writeWith(Database.Work<?> work, Collection<Event> events) {
        List<EventRow> rows = events.stream().map(Event::toRow).toList();
        return database.<Void>write(connection -> {
                    work.with(connection);
                    EventTable.add(connection, rows, kept);
                    return null;
                })
                .thenRun(this::wake);
    }

    /**
     * Events after a number. Blocks.
     *
     * @throws HvmException {@link ErrorCode#EVENTS_GONE} if some after {@code after} are no longer kept, or none has had
     *     that number yet
     */
    public EventPage read(long after, int limit, EventFilter filter) {
        return database.read(connection -> {
            EventTable.Range range = EventTable.range(connection);
            if (after < range.oldest() - 1 || after > range.newest()) {
                throw gone(after, range);
            }
            List<Event> events = EventTable.read(
                            connection,
                            after,
                            range.newest(),
                            limit,
                            filter.kinds(),
                            filter.subjects(),
                            filter.jobsOf())
                    .stream()
                    .map(Event::of)
                    .toList();
            long next =
                    events.size() < limit ? range.newest() : events.getLast().number();
            return new EventPage(events, next, range.oldest(), range.newest());
        });
    }

    /** The numbers of the oldest and the newest event that are kept. Blocks. */
    public EventTable.Range range() {
        return database.read(EventTable::range);
    }

    /** {@code wake} is called after each commit of events, from a thread that must not be blocked. */
    public void follow(Runnable wake) {
        followers.add(wake);
    }

    public void unfollow(Runnable wake) {
        followers.remove(wake);
    }

    /** Gives what waits to the database, whose own {@code close} keeps it. */
    @Override
    public void close() {
        synchronized (waiting) {
            closed = true;
            writing = false;
        }
        flush();
    }

    /** One write at a time, so that what a failing disk refused stays before what came later. */
    private void flush() {
        List<Event> batch;
        long lost;
        synchronized (waiting) {
            if (writing || waiting.isEmpty()) {
                return;
            }
            writing = true;
            batch = take(closed ? MAX_WAITING : MOST_AT_ONCE);
            lost = dropped;
            dropped = 0;
        }
        var events = new ArrayList<Event>(batch);
        if (lost > 0) {
            events.addFirst(Event.now(clock.instant(), "events.dropped", "hvmd", Map.of("count", lost)));
        }
        writeWith(connection -> null, events).whenComplete((done, failure) -> written(batch, lost, failure));
    }

    private List<Event> take(int most) {
        var batch = new ArrayList<Event>();
        while (!waiting.isEmpty() && batch.size() < most) {
            batch.add(waiting.removeFirst());
        }
        return batch;
    }

    private void written(List<Event> batch, long lost, Throwable failure) {
        synchronized (waiting) {
            writing = false;
            if (closed) {
                return;
            }
            if (failure != null) {
                batch.reversed().forEach(waiting::addFirst);
                dropped += lost;
                bound();
            }
        }
        if (failure == null) {
            flush();
        } else {
            LOG.warn("events not kept yet count={} reason={}", batch.size(), failure.getMessage());
            later.execute(this::flush);
        }
    }

    private void bound() {
        while (waiting.size() > MAX_WAITING) {
            waiting.removeFirst();
            dropped++;
        }
    }

    private void wake() {
        followers.forEach(Runnable::run);
    }

    private static HvmException gone(long after, EventTable.Range range) {
        boolean early = after < range.oldest();
        return HvmException.of(
                        ErrorCode.EVENTS_GONE,
                        early ? "Events after this number are no longer kept" : "No event has had this number yet")
                .value(after)
                .allowed((range.oldest() - 1) + " to " + range.newest())
                .hint("look at the present state, then go on after " + (early ? range.oldest() - 1 : range.newest()))
                .build();
    }
}
