// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.hybridvm.JsonObject;
import org.hybridvm.config.Configuration;
import org.hybridvm.config.Limits;
import org.hybridvm.event.EventLog;
import org.hybridvm.job.JobService;
import org.hybridvm.store.Database;

/**
 * The REST interface under {@code /v1} on a Unix socket. The kernel tells who is at the other end of it, the rules what he
 * may do.
 */
public final class ApiServer {
    private static final long NOISE_SECONDS = 10;

    private final Vertx vertx;
    private final Parts parts;
    private final VmControl vms;
    private final JobService jobs;
    private final Limits limits;
    private final Blocking blocking;
    private final FunctionServers servers;
    private final AccessControl access;
    private final Callers callers;
    private final RequestRate rate;
    private final OpenStreams streams;
    private final Sight sight;
    private final List<HttpServer> listeners = new CopyOnWriteArrayList<>();

    /**
     * What the interface is an interface to.
     *
     * @param access who may do what
     * @param shutdown asked to end hvmd; must not block
     */
    public record Parts(
            VmControl vms,
            JobService jobs,
            EventLog events,
            Database database,
            AccessControl access,
            Limits limits,
            Runnable shutdown) {}

    public ApiServer(Vertx vertx, Parts parts) {
        this.vertx = vertx;
        this.parts = parts;
        this.vms = parts.vms();
        this.jobs = parts.jobs();
        this.limits = parts.limits();
        this.blocking = new Blocking(vertx);
        this.servers = new FunctionServers(vms, jobs);
        this.access = parts.access();
        this.callers = new Callers(access, blocking);
        this.rate = new RequestRate(limits, System::nanoTime);
        this.streams = new OpenStreams(limits);
        this.sight = new Sight(vertx, vms, jobs, parts.database(), blocking);
    }

    /** Listens on the Unix socket, and on TCP if the configuration says so. */
    public Future<Void> listen(Path socket) throws IOException {
        Router router = router();
        HttpServerOptions options = options();
        Configuration configuration = access.configuration();
        var listening = new ArrayList<Future<HttpServer>>();
        listening.add(Listeners.unix(vertx, options, socket, configuration.socket(), callers::connected, router));
        configuration.listen().ifPresent(tcp -> listening.add(Listeners.tcp(vertx, options, tcp, router)));
        listening.forEach(one -> one.onSuccess(listeners::add));
        return Future.all(listening).mapEmpty();
    }

    /** The port on which it listens with TLS, if it does. */
    public OptionalInt port() {
        return listeners.stream()
                .mapToInt(HttpServer::actualPort)
                .filter(port -> port > 0)
                .findFirst();
    }

    public Future<Void> close() {
        return Future.all(listeners.stream().map(HttpServer::close).toList()).mapEmpty();
    }

    private HttpServerOptions options() {
        return new HttpServerOptions()
                .setIdleTimeout(0)
                .setHttp2ClearTextEnabled(false)
                .setMaxInitialLineLength(limits.lineBytes())
                .setMaxHeaderSize(limits.headerBytes())
                .setMaxWebSocketFrameSize(limits.webSocketMessageBytes())
                .setMaxWebSocketMessageSize(limits.webSocketMessageBytes());
    }

    /** All that is served; {@code openapi.yaml} says the same. */
    Router router() {
        Router router = Router.router(vertx);
        router.route().handler(Refusals::requireSense);
        sight.begin(router);
        router.route().handler(callers::identify);
        router.route().handler(this::limitRate);
        router.route().handler(ApiServer::requireRole);
        router.route().handler(new RequestBody(limits));
        router.route().handler(RequestSight::label); // behind all that waits
        router.get("/v1/openapi.json").handler(request -> Responses.json(request, OpenApi.document()));
        router.get("/v1/version").handler(this::version);
        router.post("/v1/bench").handler(this::bench);
        router.post("/v1/bench/noise").handler(this::noise);
        router.delete("/v1/daemon").handler(this::stop);
        router.route().handler(this::awaitJobs);
        var answers = new Answers(parts.database(), Clock.systemUTC());
        var calls = new KeyedCalls(answers);
        new VmRoutes(vertx, vms, jobs, blocking, servers, new Launches(vms, answers), calls, streams, limits)
                .mount(router);
        sight.mount(router);
        new LayoutRoutes(vertx, vms, jobs, blocking, servers, new Applies(vms.layouts(), answers)).mount(router);
        new JobRoutes(vertx, jobs, blocking, calls, streams, limits).mount(router);
        new TokenRoutes(access.tokens(), callers, blocking, calls).mount(router);
        router.get("/v1/daemon/configuration")
                .handler(request ->
                        Responses.json(request, access.configuration().toJson()));
        new EventRoutes(vertx, parts.events(), vms, blocking, streams, limits).mount(router);
        new Refusals(limits).mount(router);
        return router;
    }

    private static void requireRole(RoutingContext request) {
        Callers.require(request, RequiredRole.of(request.request().method(), request.normalizedPath()));
        request.next();
    }

    /** What follows knows of jobs, also on event loops; just after a start they are not read yet. */
    private void awaitJobs(RoutingContext request) {
        if (jobs.isOpen()) {
            request.next();
            return;
        }
        request.request().pause();
        blocking.call(() -> {
                    jobs.awaitOpen();
                    return null;
                })
                .onComplete(ignored -> {
                    request.request().resume();
                    request.next(); // if they cannot be read, whoever needs one says so
                });
    }

    private void limitRate(RoutingContext request) {
        rate.take(Callers.of(request).name());
        request.next();
    }

    private void version(RoutingContext request) {
        answer(request, () -> {
            var facts = new LinkedHashMap<String, Object>();
            facts.put("version", Version.current());
            facts.put("api", "v1");
            facts.put("pid", ProcessHandle.current().pid());
            facts.put("java", Runtime.version().toString());
            facts.putAll(vms.versions());
            return facts;
        });
    }

    private void bench(RoutingContext request) {
        Optional<String> vm = Requests.body(request, "vm").optionalText("vm");
        measure(request, () -> {
            servers.retireAll(); // programs of the benchmark take cores themselves
            return HostCallBench.addTo(BenchRun.metrics(jobs, vm), servers);
        });
    }

    private void noise(RoutingContext request) {
        JsonObject body = Requests.body(request, "vm", "seconds");
        Optional<String> vm = body.optionalText("vm");
        long seconds = body.number("seconds", NOISE_SECONDS);
        measure(request, () -> BenchRun.noise(jobs, vm, seconds));
    }

    private void measure(RoutingContext request, Supplier<Map<String, Object>> measurement) {
        blocking.callLong(() -> {
                    Map<String, Object> facts = measurement.get();
                    facts.put(
                            "acceleration", vms.info(facts.get("vm").toString()).get("acceleration"));
                    return facts;
                })
                .onSuccess(facts -> Responses.json(request, facts))
                .onFailure(failure -> Responses.problem(request, failure));
    }

    private void stop(RoutingContext request) {
        Audited.done(
                request,
                204,
                null,
                () -> request.response()
                        .setStatusCode(204)
                        .end()
                        .onComplete(ignored -> parts.shutdown().run()));
    }

    private void answer(RoutingContext request, Callable<Map<String, Object>> facts) {
        blocking.call(facts)
                .onSuccess(json -> Responses.json(request, json))
                .onFailure(failure -> Responses.problem(request, failure));
    }
}
