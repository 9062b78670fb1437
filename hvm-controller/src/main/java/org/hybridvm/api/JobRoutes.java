// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;
import org.hybridvm.job.JobRecord;
import org.hybridvm.job.JobRequest;
import org.hybridvm.job.JobService;
import org.hybridvm.job.PartitionKind;

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
        router.post("/v1/jobs").handler(this::run);
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

    /** Starts a job and turns the connection into its run stream; refuses by the status if it cannot start. */
    private void run(RoutingContext request) {
        requireUpgrade(request);
        JobRequest wanted = jobRequest(Requests.body(request));
        Context context = vertx.getOrCreateContext();
        var stream = new RunStream(context, job -> blocking.call(() -> {
            jobs.hangUp(job);
            return null;
        }));
        blocking.call(() -> jobs.run(wanted, stream))
                .onSuccess(job -> open(request, stream))
                .onFailure(failure -> Responses.problem(request, failure));
    }

    private static void open(RoutingContext request, RunStream stream) {
        request.response().putHeader(HttpHeaders.UPGRADE, RunFrame.PROTOCOL).putHeader(HttpHeaders.CONNECTION, "Upgrade");
        request.request()
                .toNetSocket()
                .onSuccess(stream::open)
                .onFailure(failure -> stream.clientGone());
    }

    private static void requireUpgrade(RoutingContext request) {
        String protocol = request.request().getHeader(HttpHeaders.UPGRADE);
        if (!RunFrame.PROTOCOL.equals(protocol)) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "A job's streams need a protocol of their own")
                    .value(protocol == null ? "no Upgrade header" : "Upgrade: " + protocol)
                    .allowed("Upgrade: " + RunFrame.PROTOCOL)
                    .hint("hvm run, which speaks it")
                    .build();
        }
    }

    private static JobRequest jobRequest(JsonObject body) {
        return new JobRequest(
                body.optionalText("vm"),
                body.optionalText("partition"),
                kind(body.text("kind", "hrt")),
                Math.clamp(body.number("cores", 1), Integer.MIN_VALUE, Integer.MAX_VALUE),
                body.text("program"),
                body.texts("arguments"),
                directory(body.text("directory")),
                body.texts("environment"),
                body.text("search_path", ""),
                false,
                timeLimit(body));
    }

    private static PartitionKind kind(String text) {
        return switch (text) {
            case "hrt" -> PartitionKind.HRT;
            case "linux" -> PartitionKind.LINUX;
            default -> throw HvmException.of(ErrorCode.INVALID_REQUEST, "No such kind of partition")
                    .value(text)
                    .allowed("hrt, linux")
                    .build();
        };
    }

    private static Path directory(String text) {
        if (!text.startsWith("/")) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "The working directory is not absolute")
                    .value(text)
                    .allowed("a path from / on")
                    .build();
        }
        return Path.of(text);
    }

    private static Optional<Duration> timeLimit(JsonObject body) {
        if (!body.has("time_limit_s")) {
            return Optional.empty();
        }
        long seconds = body.number("time_limit_s");
        if (seconds < 1) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "The time limit is no time")
                    .value(seconds + " s")
                    .allowed("1 s or more")
                    .build();
        }
        return Optional.of(Duration.ofSeconds(seconds));
    }

    private static int number(RoutingContext request) {
        return Requests.number("job", request.pathParam("job"));
    }
}
