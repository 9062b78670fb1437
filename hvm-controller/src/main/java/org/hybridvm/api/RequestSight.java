// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.hybridvm.metrics.Histogram;
import org.hybridvm.metrics.Metrics;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * The first handler of each request: gives it an id, which goes back to the caller and into every line that is logged on
 * its behalf, and measures it. On event loops; waits for nothing.
 */
final class RequestSight {
    static final String ID_HEADER = "X-Request-Id";

    private static final Logger LOG = LoggerFactory.getLogger(RequestSight.class);
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9._:-]{1,64}");
    private static final Pattern SUBJECT = Pattern.compile("/v1/(vms|jobs)/([A-Za-z0-9._-]{1,64})(/.*)?");
    /** Callers can invent methods; each would be a line of the metrics for ever. */
    private static final Set<String> METHODS = Set.of("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS");

    private static final String SUBMIT = "POST /v1/jobs";

    private final Router router;
    private final Histogram requests;
    private final Histogram submits;

    /** @param router asked for its routes when there are requests */
    RequestSight(Router router, Metrics metrics) {
        this.router = router;
        requests = metrics.durations(
                "hvm_http_request_seconds",
                "Requests by the time until their answer was complete; streams not included.",
                "method",
                "route",
                "status");
        submits = metrics.durations(
                "hvm_job_submit_seconds", "Batch jobs taken into the queue, from the request to the durable answer.");
    }

    void handle(RoutingContext context) {
        long start = System.nanoTime();
        String id = idOf(context.request());
        context.response().putHeader(ID_HEADER, id);
        context.put(ID_HEADER, id);
        context.addEndHandler(done -> ended(context, id, start));
        context.next();
    }

    /** Behind the last handler that waits: what the rest of the request's handlers log bears its labels. */
    static void label(RoutingContext context) {
        label(context.request(), context.get(ID_HEADER));
        try {
            context.next();
        } finally {
            MDC.clear(); // the next request on this event loop is another one
        }
    }

    /** The caller's id if it is one that a log can bear, else one of ours. */
    private static String idOf(HttpServerRequest request) {
        String given = request.getHeader(ID_HEADER);
        return given != null && ID.matcher(given).matches()
                ? given
                : Long.toHexString(ThreadLocalRandom.current().nextLong() | Long.MIN_VALUE);
    }

    private static void label(HttpServerRequest request, String id) {
        MDC.put("request", id);
        Matcher subject = SUBJECT.matcher(request.path() == null ? "" : request.path());
        if (subject.matches()) {
            MDC.put(subject.group(1).equals("vms") ? "vm" : "job", subject.group(2));
        }
    }

    private void ended(RoutingContext context, String id, long start) {
        long nanoseconds = System.nanoTime() - start;
        String method = context.request().method().name();
        String route = routeOf(context);
        int status = context.response().getStatusCode();
        if (!isStream(context)) {
            requests.observe(
                    nanoseconds, METHODS.contains(method) ? method : Histogram.OTHER, route, Integer.toString(status));
        }
        if (status == 200 && SUBMIT.equals(method + " " + route)) {
            submits.observe(nanoseconds);
        }
        if (status >= 400 || !method.equals("GET")) {
            label(context.request(), id);
            LOG.info(
                    "request method={} path={} status={} ms={}",
                    method,
                    context.request().path(),
                    status,
                    TimeUnit.NANOSECONDS.toMillis(nanoseconds));
            MDC.clear();
        }
    }

    /** Its end tells when the caller had enough, not how fast we are. */
    private static boolean isStream(RoutingContext context) {
        return context.response().isChunked() || context.response().getStatusCode() == 101;
    }

    /** The route's pattern, not the path: few, whatever callers ask for. */
    private String routeOf(RoutingContext context) {
        Route route = context.currentRoute();
        if (route != null && route.getPath() != null) {
            return route.getPath();
        }
        return router.getRoutes().stream() // one that failed has left its route
                .map(Route::getPath)
                .filter(pattern -> pattern != null && fits(pattern, context.normalizedPath()))
                .findFirst()
                .orElse(Histogram.OTHER);
    }

    private static boolean fits(String pattern, String path) {
        String[] wanted = pattern.split("/");
        String[] given = path.split("/");
        for (int i = 0; i < wanted.length; i++) {
            if (given.length != wanted.length || !(wanted[i].startsWith(":") || wanted[i].equals(given[i]))) {
                return false;
            }
        }
        return true;
    }
}
