// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Context;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.hybridvm.Problem;
import org.hybridvm.config.Limits;
import org.hybridvm.event.Event;
import org.hybridvm.event.EventFilter;
import org.hybridvm.event.EventLog;
import org.hybridvm.event.EventPage;

/**
 * Follows the events for one client. It has one page at a time, and reads the next when the client's socket has taken that:
 * nothing piles up for a slow one. One that takes nothing for too long is cut, and one that fell behind what is kept is told.
 *
 * <p>All state belongs to the event loop of the connection.
 */
final class EventStream {
    private static final int PAGE = 200;

    private final Context context;
    private final Blocking blocking;
    private final EventLog log;
    private final EventFilter filter;
    private final SeenEvents seen;
    private final EventSink sink;
    private final Limits limits;
    private final StallGuard guard;
    private final Runnable wake = this::wake;
    private final AtomicBoolean woken = new AtomicBoolean();

    private long after;
    private boolean reading;
    private boolean news;
    private boolean ended;
    private Runnable left;

    EventStream(
            Context context,
            Blocking blocking,
            EventLog log,
            EventFilter filter,
            SeenEvents seen,
            long after,
            EventSink sink,
            Limits limits) {
        this.context = context;
        this.blocking = blocking;
        this.log = log;
        this.filter = filter;
        this.seen = seen;
        this.after = after;
        this.sink = sink;
        this.limits = limits;
        this.guard = new StallGuard(context.owner(), limits, this::tooSlow);
    }

    /** @param whenEnded run when it has ended */
    void start(Runnable whenEnded) {
        left = whenEnded;
        sink.onEnd(this::end);
        log.follow(wake);
        read();
    }

    private void end() {
        ended = true;
        log.unfollow(wake);
        left.run();
    }

    /** From the thread that tells of commits. */
    private void wake() {
        if (woken.compareAndSet(false, true)) {
            context.runOnContext(ignored -> {
                woken.set(false);
                read();
            });
        }
    }

    private void read() {
        if (ended) {
            return;
        }
        if (reading) {
            news = true;
            return;
        }
        reading = true;
        news = false;
        blocking.call(() -> seen.of(log.read(after, PAGE, filter)))
                .onSuccess(this::send)
                .onFailure(this::fail);
    }

    private void send(EventPage page) {
        if (ended) {
            return;
        }
        after = page.next();
        List<Map<String, Object>> events =
                page.events().stream().map(Event::toJson).toList();
        if (events.isEmpty()) {
            sent(page);
            return;
        }
        guard.guard(sink.write(events)).onComplete(ignored -> sent(page));
    }

    private void sent(EventPage page) {
        reading = false;
        if (news || !page.isLast()) {
            read();
        }
    }

    private void fail(Throwable failure) {
        if (!ended) {
            end();
            sink.end(Problem.toJson(Responses.asHvmException(failure)));
        }
    }

    private void tooSlow() {
        if (ended) {
            return;
        }
        end();
        sink.end(StallGuard.problem(limits));
        context.owner().setTimer(StallGuard.CUT_MS, ignored -> sink.cut());
    }
}
