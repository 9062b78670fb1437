// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Context;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import org.hybridvm.HvmException;
import org.hybridvm.Json;
import org.hybridvm.Problem;

/**
 * The answer to a launch, or to an apply: one JSON event a line, in the order in which they were told from whichever thread. They are few
 * and short, so they need no back-pressure. A caller who has gone away is no reason to stop.
 */
final class LaunchEvents implements ApplyEvents {
    private final Context context;
    private final RoutingContext request;
    private final HttpServerResponse response;
    private final Queue<Map<String, Object>> unsent = new ArrayDeque<>(); // guarded by itself

    /** @param context of the request */
    LaunchEvents(Context context, RoutingContext request) {
        this.context = context;
        this.request = request;
        this.response = request.response();
    }

    /** The apply is over; on the context. */
    void applied(Map<String, Object> plan) {
        Audited.done(request, 200, plan, () -> last(Map.of("event", "applied", "plan", plan)));
    }

    /** The launch is over; on the context. */
    void ready(Map<String, Object> vm) {
        Audited.done(request, 200, vm, () -> last(Map.of("event", "ready", "vm", vm)));
    }

    /** The launch failed: told by the status if nothing has been told yet, else by the last event. On the context. */
    void failed(Throwable failure) {
        sendAll();
        if (response.headWritten()) {
            HvmException problem = Responses.asHvmException(failure);
            Audited.refused(
                    request, problem, () -> last(Map.of("event", "failed", "problem", Problem.toJson(problem))));
        } else {
            Responses.problem(request, failure);
        }
    }

    private void last(Map<String, Object> event) {
        tell(event);
        sendAll();
        if (!response.closed()) {
            response.end();
        }
    }

    @Override
    public void tell(Map<String, Object> event) {
        synchronized (unsent) {
            unsent.add(event);
        }
        context.runOnContext(ignored -> sendAll());
    }

    private void sendAll() {
        synchronized (unsent) {
            while (!unsent.isEmpty()) {
                send(unsent.remove());
            }
        }
    }

    private void send(Map<String, Object> event) {
        if (response.closed()) {
            return;
        }
        if (!response.headWritten()) {
            response.setChunked(true).putHeader("Content-Type", "application/x-ndjson");
        }
        response.write(Json.write(event) + "\n");
    }
}
