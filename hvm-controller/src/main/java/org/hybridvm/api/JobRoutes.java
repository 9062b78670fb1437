// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BiFunction;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;
import org.hybridvm.access.Caller;
import org.hybridvm.config.Limits;
import org.hybridvm.job.JobAccess;
import org.hybridvm.job.JobId;
import org.hybridvm.job.JobPage;
import org.hybridvm.job.JobRecord;
import org.hybridvm.job.JobService;
import org.hybridvm.job.OutputStreamKind;
import org.hybridvm.job.OutputTail;
import org.hybridvm.job.Submission;
import org.hybridvm.store.RequestKey;
import org.hybridvm.trace.TraceParent;

/** {@code /v1/jobs}. */
final class JobRoutes {
    private static final int MAX_JOBS_SHOWN = 1000;
    private static final long PAGE = 100;
    private static final String[] SUBMISSION = {
        "script", "program", "arguments", "directory", "environment", "search_path", "options", "test_only"
    };

    private final Vertx vertx;
    private final JobService jobs;
    private final Blocking blocking;
    private final KeyedCalls calls;
    private final OpenStreams streams;
    private final Limits limits;
    private final Object matching = new Object();

    JobRoutes(Vertx vertx, JobService jobs, Blocking blocking, KeyedCalls calls, OpenStreams streams, Limits limits) {
        this.vertx = vertx;
        this.jobs = jobs;
        this.blocking = blocking;
        this.calls = calls;
        this.streams = streams;
        this.limits = limits;
    }

    void mount(Router router) {
        router.get("/v1/jobs").handler(this::list);
        router.get("/v1/jobs/run").handler(this::run);
        router.get("/v1/jobs/:job").handler(this::info);
        router.get("/v1/jobs/:job/attach").handler(this::attach);
        router.get("/v1/jobs/:job/log").handler(this::log);
        router.post("/v1/jobs/:job/signal").handler(this::signal);
        router.post("/v1/jobs").handler(this::submit);
        router.get("/v1/jobs/:job/why")
                .handler(request -> Responses.json(request, jobs(request).why(number(request))));
        router.get("/v1/jobs/:job/stat").handler(this::stat);
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
        if (request.queryParams().contains("cursor") || request.queryParams().contains("limit")) {
            page(request, own, live);
            return;
        }
        int most = Math.max(0, last);
        List<JobRecord> shown = Requests.parameter(request, "job")
                .map(text -> tasks(own, JobId.parse(text), live))
                .map(tasks -> tasks.subList(Math.max(0, tasks.size() - most), tasks.size()))
                .orElseGet(() ->
                        own.page(JobPage.last(most, job -> !live || !job.state().isTerminal())));
        Responses.json(request, Map.of("jobs", shown.stream().map(this::facts).toList()));
    }

    private static List<JobRecord> tasks(JobAccess own, JobId job, boolean live) {
        return own.tasks(job).stream()
                .filter(task -> !live || !task.state().isTerminal())
                .toList();
    }

    /** The jobs after one, oldest first. A job that comes meanwhile has a higher number, so none is shown twice or left out. */
    private void page(RoutingContext request, JobAccess own, boolean live) {
        long cursor = Requests.number(request, "cursor", 0, Integer.MAX_VALUE).orElse(0L);
        int limit = Requests.number(request, "limit", 1, MAX_JOBS_SHOWN)
                .orElse(PAGE)
                .intValue();
        List<JobRecord> after = own.page(JobPage.after(
                (int) cursor, limit + 1, job -> !live || !job.state().isTerminal()));
        var answer = new LinkedHashMap<String, Object>();
        List<JobRecord> shown = after.subList(0, Math.min(limit, after.size()));
        answer.put("jobs", shown.stream().map(this::facts).toList());
        if (shown.size() < after.size()) {
            answer.put("next", shown.getLast().number());
        }
        Responses.json(request, answer);
    }

    private void info(RoutingContext request) {
        answer(request, jobs(request).find(id(request)));
    }

    private void answer(RoutingContext request, JobRecord record) {
        request.response().putHeader("ETag", ETags.of(record.toJson()));
        Responses.json(request, facts(record));
    }

    /** The same of a job's facts, which may have been kept since. */
    private static void answer(RoutingContext request, Map<String, Object> facts) {
        var counted = new LinkedHashMap<>(facts);
        counted.remove("reason");
        request.response().putHeader("ETag", ETags.of(counted));
        Responses.json(request, facts);
    }

    private Map<String, Object> facts(JobRecord record) {
        Map<String, Object> facts = record.toJson();
        jobs.reason(record).ifPresent(reason -> facts.put("reason", reason));
        return facts;
    }

    private void submit(RoutingContext request) {
        JsonObject body = Requests.body(request, SUBMISSION);
        var options = new LinkedHashMap<String, String>();
        body.object("options")
                .asMap()
                .forEach((name, value) -> options.put(name, value == null ? null : value.toString()));
        var submission = new Submission(
                body.optionalText("script"),
                body.text("program"),
                body.texts("arguments"),
                JobRequests.directory(body.text("directory")),
                environment(request, body.texts("environment")),
                body.text("search_path", ""),
                options,
                body.flag("test_only"));
        JobAccess own = jobs(request);
        Optional<RequestKey> key = RequestKeys.of(request);
        blocking.call(() -> own.submit(submission, key))
                .compose(Future::fromCompletionStage)
                .onSuccess(accepted -> Responses.json(request, answer(accepted)))
                .onFailure(failure -> Responses.problem(request, cause(failure)));
    }

    /** What the caller's tracer says goes on in the job, unless the job's own environment says otherwise. */
    private static List<String> environment(RoutingContext request, List<String> asked) {
        Optional<TraceParent> header = TraceParent.parse(request.request().getHeader(TraceParent.HEADER));
        if (header.isEmpty() || TraceParent.of(asked).isPresent()) {
            return asked;
        }
        var environment = new ArrayList<>(asked);
        environment.add(TraceParent.VARIABLE + "=" + header.get());
        return environment;
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
        JobId job = id(request);
        Optional<List<String>> match = ETags.allowed(request);
        Optional<RequestKey> key = RequestKeys.of(request);
        blocking.call(() -> calls.once(
                        key,
                        () -> facts(
                                match.isEmpty() ? change(own, job, change) : changeIf(match.get(), own, job, change))))
                .onSuccess(facts -> answer(request, facts))
                .onFailure(failure -> Responses.problem(request, cause(failure)));
    }

    /** One at a time, so that of two who saw the same job only the first changes it. */
    private JobRecord changeIf(
            List<String> tags,
            JobAccess own,
            JobId job,
            BiFunction<JobAccess, Integer, CompletableFuture<Void>> change) {
        synchronized (matching) {
            ETags.require(tags, ETags.of(own.find(job).toJson()));
            return change(own, job, change);
        }
    }

    private static JobRecord change(
            JobAccess own, JobId job, BiFunction<JobAccess, Integer, CompletableFuture<Void>> change) {
        HvmException refusal = null;
        int changed = 0;
        for (JobRecord task : own.tasks(job)) {
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
        return own.find(job);
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
        long signal = Requests.body(request, "signal").number("signal");
        change(request, (own, job) -> {
            own.signal(job, signal);
            return CompletableFuture.completedFuture(null);
        });
    }

    private void stat(RoutingContext request) {
        int number = number(request);
        JobAccess own = jobs(request);
        blocking.call(() -> own.stat(number))
                .onSuccess(facts -> Responses.json(request, facts))
                .onFailure(failure -> Responses.problem(request, failure));
    }

    /** A WebSocket on a job's output. */
    private void attach(RoutingContext request) {
        WebSockets.require(request);
        int number = number(request);
        Optional<Long> from = Requests.number(request, "from", 0, Long.MAX_VALUE);
        Caller caller = Callers.of(request);
        boolean stderr = Requests.choice(request, "stream", "stdout", "stderr").equals("stderr");
        JobAccess own = jobs(request);
        WebSockets.open(
                request,
                streams,
                blocking,
                () -> output(own, own.find(number), stderr, from, caller),
                (socket, output, left) -> new AttachStream(
                                vertx, blocking, socket, request.request().connection(), own, number, output, limits)
                        .start(left));
    }

    /** A batch job's file from its beginning, a run's output from now on, unless the client says from where. */
    private AttachedOutput output(JobAccess own, JobRecord record, boolean stderr, Optional<Long> from, Caller caller) {
        if (record.batch().isPresent()) {
            return OutputFile.of(vertx, record, stderr, from.orElse(0L), caller);
        }
        OutputTail tail = own.tail(record.number(), stderr ? OutputStreamKind.STDERR : OutputStreamKind.STDOUT);
        return new RunOutput(record.number(), tail, from.orElseGet(tail::end));
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
        Audited audited = Audited.of(request);
        Runnable left = streams.enter();
        request.response()
                .putHeader(HttpHeaders.UPGRADE, RunFrame.PROTOCOL)
                .putHeader(HttpHeaders.CONNECTION, "Upgrade");
        request.request()
                .toNetSocket()
                .onSuccess(socket -> RunStream.serve(vertx.getOrCreateContext(), socket, own, audited, blocking, left))
                .onFailure(failure -> {
                    left.run();
                    Responses.problem(request, failure);
                });
    }

    private JobAccess jobs(RoutingContext request) {
        return jobs.as(Callers.of(request));
    }

    private static JobId id(RoutingContext request) {
        return JobId.parse(request.pathParam("job"));
    }

    private int number(RoutingContext request) {
        JobId job = id(request);
        return job.task().isEmpty() ? job.number() : jobs(request).find(job).number();
    }
}
