// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;
import org.hybridvm.access.AccessRules;
import org.hybridvm.job.JobService;

/**
 * The REST interface under {@code /v1} on a Unix socket. The kernel tells who is at the other end of it, the rules what he
 * may do.
 */
public final class ApiServer {
    /** Arguments and environment of a job at their largest (ARG_MAX is 2 MiB), escaped. */
    private static final long MAX_BODY = 4L * 1024 * 1024;

    private static final long NOISE_SECONDS = 10;

    private final Vertx vertx;
    private final VmControl vms;
    private final JobService jobs;
    private final Runnable shutdown;
    private final Blocking blocking;
    private final FunctionServers servers;
    private final Callers callers;
    private HttpServer server;

    /**
     * @param rules who may do what
     * @param shutdown asked to end hvmd; must not block
     */
    public ApiServer(Vertx vertx, VmControl vms, JobService jobs, AccessRules rules, Runnable shutdown) {
        this.vertx = vertx;
        this.vms = vms;
        this.jobs = jobs;
        this.shutdown = shutdown;
        this.blocking = new Blocking(vertx);
        this.servers = new FunctionServers(vms, jobs);
        this.callers = new Callers(rules, blocking);
    }

    /** Listens; a socket file that is left from a hvmd before is replaced. */
    public Future<Void> listen(Path socket) throws IOException {
        Files.deleteIfExists(socket);
        server = vertx.createHttpServer(new HttpServerOptions().setIdleTimeout(0));
        return server.connectionHandler(callers::connected)
                .requestHandler(router())
                .listen(SocketAddress.domainSocketAddress(socket.toString()))
                .map(listening -> {
                    restrict(socket);
                    return null;
                });
    }

    public Future<Void> close() {
        return server == null ? Future.succeededFuture() : server.close();
    }

    private Router router() {
        Router router = Router.router(vertx);
        router.route().handler(callers::identify);
        router.route().handler(ApiServer::requireRole);
        router.route().handler(BodyHandler.create(false).setBodyLimit(MAX_BODY));
        router.get("/v1/version").handler(this::version);
        router.get("/v1/doctor").handler(request -> answer(request, vms::doctor));
        router.post("/v1/bench").handler(this::bench);
        router.post("/v1/bench/noise").handler(this::noise);
        router.delete("/v1/daemon").handler(this::stop);
        new VmRoutes(vertx, vms, jobs, blocking, servers).mount(router);
        new JobRoutes(vertx, jobs, blocking).mount(router);
        router.route().failureHandler(ApiServer::fail);
        router.errorHandler(404, request -> Responses.problem(request, noSuchResource(request)));
        router.errorHandler(405, request -> Responses.problem(request, notAllowed(request)));
        return router;
    }

    private static void requireRole(RoutingContext request) {
        Callers.require(request, RequiredRole.of(request.request().method(), request.normalizedPath()));
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
        Optional<String> vm = Requests.body(request).optionalText("vm");
        measure(request, () -> {
            servers.retireAll(); // programs of the benchmark take cores themselves
            return HostCallBench.addTo(BenchRun.metrics(jobs, vm), servers);
        });
    }

    private void noise(RoutingContext request) {
        JsonObject body = Requests.body(request);
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
        request.response().setStatusCode(204).end().onComplete(ignored -> shutdown.run());
    }

    private void answer(RoutingContext request, Callable<Map<String, Object>> facts) {
        blocking.call(facts)
                .onSuccess(json -> Responses.json(request, json))
                .onFailure(failure -> Responses.problem(request, failure));
    }

    private static void fail(RoutingContext request) {
        Throwable failure = request.failure();
        if (failure == null || request.statusCode() == 413) {
            failure = HvmException.of(ErrorCode.INVALID_REQUEST, "The request was refused")
                    .value("HTTP status " + request.statusCode())
                    .allowed("a body of at most " + MAX_BODY + " bytes")
                    .build();
        }
        Responses.problem(request, failure);
    }

    private static HvmException noSuchResource(RoutingContext request) {
        return HvmException.of(ErrorCode.NO_SUCH_RESOURCE, "No such resource")
                .value(request.request().path())
                .allowed("see docs/api.md")
                .build();
    }

    private static HvmException notAllowed(RoutingContext request) {
        return HvmException.of(ErrorCode.METHOD_NOT_ALLOWED, "The resource does not have this method")
                .value(request.request().method() + " " + request.request().path())
                .allowed("see docs/api.md")
                .build();
    }

    private static void restrict(Path socket) {
        try {
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
        } catch (IOException e) {
            throw HvmException.of(ErrorCode.HOST_PERMISSION, "The socket's permissions cannot be set")
                    .value(socket)
                    .cause(e)
                    .build();
        }
    }
}
