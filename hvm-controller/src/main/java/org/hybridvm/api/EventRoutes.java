// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.hybridvm.config.Limits;
import org.hybridvm.event.Event;
import org.hybridvm.event.EventFilter;
import org.hybridvm.event.EventLog;
import org.hybridvm.event.EventPage;

/** {@code /v1/events}. */
final class EventRoutes {
    private static final long MAX_PAGE = 1_000;
    private static final long PAGE = 100;

    private final Vertx vertx;
    private final EventLog log;
    private final VmControl vms;
    private final Blocking blocking;
    private final OpenStreams streams;
    private final Limits limits;

    EventRoutes(Vertx vertx, EventLog log, VmControl vms, Blocking blocking, OpenStreams streams, Limits limits) {
        this.vertx = vertx;
        this.log = log;
        this.vms = vms;
        this.blocking = blocking;
        this.streams = streams;
        this.limits = limits;
    }

    void mount(Router router) {
        router.get("/v1/events").handler(this::events);
    }

    private void events(RoutingContext request) {
        Optional<Long> after = Requests.number(request, "after", 0, Long.MAX_VALUE);
        int limit = Requests.number(request, "limit", 1, MAX_PAGE).orElse(PAGE).intValue();
        var filter = new EventFilter(
                Requests.words(request, "kind"), Requests.words(request, "subject"), Callers.jobsSeen(request));
        var seen = new SeenEvents(vms, Callers.of(request));
        boolean socket = WebSockets.isAskedFor(request);
        if (socket || Requests.flag(request, "follow")) {
            follow(request, after, filter, seen, socket);
            return;
        }
        blocking.call(() -> seen.of(log.read(after.orElseGet(() -> log.range().oldest() - 1), limit, filter)))
                .onSuccess(page -> Responses.json(request, toJson(page)))
                .onFailure(failure -> Responses.problem(request, failure));
    }

    private static Map<String, Object> toJson(EventPage page) {
        var json = new LinkedHashMap<String, Object>();
        json.put("events", page.events().stream().map(Event::toJson).toList());
        json.put("next", page.next());
        json.put("oldest", page.oldest());
        json.put("newest", page.newest());
        return json;
    }

    /** What cannot be followed is refused by the status, before anything is sent. */
    private void follow(
            RoutingContext request, Optional<Long> after, EventFilter filter, SeenEvents seen, boolean socket) {
        Runnable left = streams.enter();
        if (socket) {
            request.request().pause();
        }
        blocking.call(() -> {
                    long from = after.orElseGet(() -> log.range().newest());
                    log.read(from, 1, filter);
                    return from;
                })
                .compose(from -> sink(request, socket)
                        .map(sink -> new EventStream(
                                vertx.getOrCreateContext(), blocking, log, filter, seen, from, sink, limits)))
                .onSuccess(stream -> stream.start(left))
                .onFailure(failure -> {
                    left.run();
                    Responses.problem(request, failure);
                });
    }

    private static Future<EventSink> sink(RoutingContext request, boolean socket) {
        return socket
                ? request.request()
                        .toWebSocket()
                        .map(open -> new WebSocketSink(open, request.request().connection()))
                : Future.succeededFuture(LineSink.open(request));
    }
}
