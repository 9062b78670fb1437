// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.Map;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.job.JobRecord;
import org.hybridvm.job.JobService;

/** {@code /v1/jobs}. */
final class JobRoutes {
    private static final int MAX_JOBS_SHOWN = 1000;

    private final Vertx vertx;
    private final JobService jobs;
    private final Blocking blocking;

    JobRoutes(Vertx vertx, JobService jobs, Blocking blocking) {
        this.vertx = vertx;
        this.jobs = jobs;
        this.blocking = blocking;
    }

    void mount(Router router) {
        router.get("/v1/jobs").handler(this::list);
        router.get("/v1/jobs/run").handler(this::run);
        router.get("/v1/jobs/:job").handler(this::info);
        router.get("/v1/jobs/:job/log").handler(this::log);
        router.post("/v1/jobs/:job/signal").handler(this::signal);
    }

    private void list(RoutingContext request) {
        int last = Requests.parameter(request, "last")
                .map(text -> Requests.number("last", text))
                .orElse(MAX_JOBS_SHOWN);
        List<JobRecord> all = jobs.list();
        List<Map<String, Object>> shown = all.subList(Math.max(0, all.size() - Math.max(0, last)), all.size()).stream()
                .map(JobRecord::toJson)
                .toList();
        Responses.json(request, Map.of("jobs", shown));
    }

    private void info(RoutingContext request) {
        Responses.json(request, jobs.find(number(request)).toJson());
    }

    private void log(RoutingContext request) {
        int number = number(request);
        blocking.call(() -> jobs.log(number))
                .onSuccess(text -> Responses.text(request, text))
                .onFailure(failure -> Responses.problem(request, failure));
    }

    private void signal(RoutingContext request) {
        int number = number(request);
        int signal = (int) Requests.body(request).number("signal");
        jobs.signal(number, signal);
        Responses.json(request, jobs.find(number).toJson());
    }

    /** Turns the connection into a run stream. */
    private void run(RoutingContext request) {
        String protocol = request.request().getHeader(HttpHeaders.UPGRADE);
        if (!RunFrame.PROTOCOL.equals(protocol)) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "A job's streams need a protocol of their own")
                    .value(protocol == null ? "no Upgrade header" : "Upgrade: " + protocol)
                    .allowed("Upgrade: " + RunFrame.PROTOCOL)
                    .hint("hvm run, which speaks it")
                    .build();
        }
        request.response()
                .putHeader(HttpHeaders.UPGRADE, RunFrame.PROTOCOL)
                .putHeader(HttpHeaders.CONNECTION, "Upgrade");
        request.request()
                .toNetSocket()
                .onSuccess(socket -> RunStream.serve(vertx.getOrCreateContext(), socket, jobs, blocking))
                .onFailure(failure -> Responses.problem(request, failure));
    }

    private static int number(RoutingContext request) {
        return Requests.number("job", request.pathParam("job"));
    }
}
