// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BiFunction;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;
import org.hybridvm.job.JobAccess;
import org.hybridvm.job.JobRecord;
import org.hybridvm.job.JobService;
import org.hybridvm.job.Submission;

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
        router.post("/v1/jobs").handler(this::submit);
        router.get("/v1/jobs/:job/why")
                .handler(request -> Responses.json(request, jobs(request).why(number(request))));
        router.post("/v1/jobs/:job/cancel").handler(request -> change(request, JobAccess::cancel));
        router.post("/v1/jobs/:job/hold").handler(request -> change(request, (own, job) -> own.hold(job, true)));
        router.post("/v1/jobs/:job/release").handler(request -> change(request, (own, job) -> own.hold(job, false)));
        router.post("/v1/jobs/:job/requeue").handler(request -> change(request, JobAccess::requeue));
    }

    private void list(RoutingContext request) {
        int last = Requests.parameter(request, "last")
                .map(text -> Requests.number("last", text))
                .orElse(MAX_JOBS_SHOWN);
        boolean live = Requests.flag(request, "live");
        JobAccess own = jobs(request);
        List<JobRecord> asked = Requests.parameter(request, "job")
                .map(text -> own.tasks(Requests.number("job", text)))
                .orElseGet(own::list);
        List<JobRecord> all =
                asked.stream().filter(job -> !live || !job.state().isTerminal()).toList();
        List<Map<String, Object>> shown = all.subList(Math.max(0, all.size() - Math.max(0, last)), all.size()).stream()
                .map(this::facts)
                .toList();
        Responses.json(request, Map.of("jobs", shown));
    }

    private void info(RoutingContext request) {
        Responses.json(request, facts(jobs(request).find(number(request))));
    }

    private Map<String, Object> facts(JobRecord record) {
        Map<String, Object> facts = record.toJson();
        jobs.reason(record).ifPresent(reason -> facts.put("reason", reason));
        return facts;
    }

    private void submit(RoutingContext request) {
        JsonObject body = Requests.body(request);
        var options = new LinkedHashMap<String, String>();
        body.object("options")
                .asMap()
                .forEach((name, value) -> options.put(name, value == null ? null : value.toString()));
        var submission = new Submission(
                body.optionalText("script"),
                body.text("program"),
                body.texts("arguments"),
                JobRequests.directory(body.text("directory")),
                body.texts("environment"),
                body.text("search_path", ""),
                options,
                body.flag("test_only"));
        JobAccess own = jobs(request);
        blocking.call(() -> own.submit(submission))
                .compose(Future::fromCompletionStage)
                .onSuccess(accepted -> Responses.json(request, answer(accepted)))
                .onFailure(failure -> Responses.problem(request, cause(failure)));
    }

    private static Map<String, Object> answer(Submission.Accepted accepted) {
        var facts = new LinkedHashMap<String, Object>();
        if (!accepted.jobs().isEmpty()) {
            facts.put("job", accepted.jobs().getFirst());
        }
        facts.put("tasks", accepted.jobs().size());
        facts.put("warnings", accepted.warnings());
        return facts;
    }

    /** Does it to the job, or to all tasks of an array that are in a state for it. */
    private void change(RoutingContext request, BiFunction<JobAccess, Integer, CompletableFuture<Void>> change) {
        JobAccess own = jobs(request);
        int number = number(request);
        blocking.call(() -> {
                    HvmException refusal = null;
                    int changed = 0;
                    for (JobRecord task : own.tasks(number)) {
                        try {
                            change.apply(own, task.number()).join();
                            changed++;
                        } catch (HvmException e) {
                            refusal = e;
                        }
                    }
                    if (changed == 0 && refusal != null) {
                        throw refusal;
                    }
                    return facts(own.find(number));
                })
                .onSuccess(facts -> Responses.json(request, facts))
                .onFailure(failure -> Responses.problem(request, cause(failure)));
    }

    private static Throwable cause(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }

    private void log(RoutingContext request) {
        int number = number(request);
        JobAccess own = jobs(request);
        blocking.call(() -> own.log(number))
                .onSuccess(text -> Responses.text(request, text))
                .onFailure(failure -> Responses.problem(request, failure));
    }

    private void signal(RoutingContext request) {
        int number = number(request);
        int signal = (int) Requests.body(request).number("signal");
        JobAccess own = jobs(request);
        own.signal(number, signal);
        Responses.json(request, own.find(number).toJson());
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
        JobAccess own = jobs(request);
        request.response()
                .putHeader(HttpHeaders.UPGRADE, RunFrame.PROTOCOL)
                .putHeader(HttpHeaders.CONNECTION, "Upgrade");
        request.request()
                .toNetSocket()
                .onSuccess(socket -> RunStream.serve(vertx.getOrCreateContext(), socket, own, blocking))
                .onFailure(failure -> Responses.problem(request, failure));
    }

    private JobAccess jobs(RoutingContext request) {
        return jobs.as(Callers.of(request));
    }

    private static int number(RoutingContext request) {
        return Requests.number("job", request.pathParam("job"));
    }
}
