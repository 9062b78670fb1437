// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.hybridvm.Problem;
import org.hybridvm.job.JobRecord;
import org.hybridvm.job.JobService;

/** {@code /v1/vms} and {@code /v1/layouts}. */
final class VmRoutes {
    private final Vertx vertx;
    private final VmControl vms;
    private final JobService jobs;
    private final Blocking blocking;

    VmRoutes(Vertx vertx, VmControl vms, JobService jobs, Blocking blocking) {
        this.vertx = vertx;
        this.vms = vms;
        this.jobs = jobs;
        this.blocking = blocking;
    }

    void mount(Router router) {
        router.get("/v1/vms").handler(this::list);
        router.post("/v1/vms").handler(this::launch);
        router.get("/v1/vms/:vm").handler(this::info);
        router.delete("/v1/vms/:vm").handler(this::destroy);
        router.get("/v1/vms/:vm/console").handler(this::console);
        router.get("/v1/vms/:vm/logs/:kind").handler(this::log);
        router.post("/v1/vms/:vm/partitions/:partition/reboot").handler(this::reboot);
        router.post("/v1/layouts/validate").handler(this::validate);
    }

    private void list(RoutingContext request) {
        answerJson(request, () -> Map.of("vms", vms.list()));
    }

    private void info(RoutingContext request) {
        String vm = request.pathParam("vm");
        answerJson(request, () -> vms.info(vm));
    }

    private void validate(RoutingContext request) {
        VmControl.LayoutSource source = layoutSource(Requests.body(request));
        answerJson(request, () -> vms.validate(source));
    }

    private void destroy(RoutingContext request) {
        String vm = request.pathParam("vm");
        boolean force = Requests.flag(request, "force");
        blocking.callLong(() -> {
                    if (!force) {
                        requireIdle(vm);
                    }
                    vms.destroy(vm);
                    return null;
                })
                .onSuccess(done -> Responses.nothing(request))
                .onFailure(failure -> Responses.problem(request, failure));
    }

    private void requireIdle(String vm) {
        List<JobRecord> live = jobs.liveOn(vm);
        if (live.isEmpty()) {
            return;
        }
        throw HvmException.of(ErrorCode.WRONG_STATE, "Jobs run on the VM")
                .value(vm)
                .owner("job " + live.stream().map(job -> String.valueOf(job.number())).collect(Collectors.joining(", ")))
                .hint("hvm cancel " + live.getFirst().number() + "; or hvm destroy --force " + vm)
                .build();
    }

    private void reboot(RoutingContext request) {
        String vm = request.pathParam("vm");
        String partition = request.pathParam("partition");
        boolean force = Requests.body(request).flag("force");
        blocking.callLong(() -> vms.reboot(vm, partition, force))
                .onSuccess(facts -> Responses.json(request, facts))
                .onFailure(failure -> Responses.problem(request, failure));
    }

    private void log(RoutingContext request) {
        String vm = request.pathParam("vm");
        String kind = request.pathParam("kind");
        Optional<String> partition = Requests.parameter(request, "partition");
        blocking.call(() -> vms.log(vm, kind, partition))
                .onSuccess(text -> Responses.text(request, text))
                .onFailure(failure -> Responses.problem(request, failure));
    }

    private void console(RoutingContext request) {
        String vm = request.pathParam("vm");
        boolean follow = Requests.flag(request, "follow");
        blocking.call(() -> vms.console(vm))
                .onSuccess(file -> new FileStream(vertx, blocking, file, request, follow).start())
                .onFailure(failure -> Responses.problem(request, failure));
    }

    /**
     * Answers with one JSON event a line as the launch goes. What is wrong with the request itself is refused by its
     * status before the first event; what fails later is the last event. A caller who goes away stops no launch.
     */
    private void launch(RoutingContext request) {
        VmControl.LayoutSource source = layoutSource(Requests.body(request));
        var events = new LaunchEvents(vertx.getOrCreateContext(), request.response());
        blocking.callLong(() -> vms.launch(source, events))
                .onSuccess(facts -> events.last(Map.of("event", "ready", "vm", facts)))
                .onFailure(failure -> {
                    if (events.begun()) {
                        events.last(Map.of(
                                "event", "failed", "problem", Problem.toJson(Responses.asHvmException(failure))));
                    } else {
                        Responses.problem(request, failure);
                    }
                });
    }

    private static VmControl.LayoutSource layoutSource(JsonObject body) {
        return new VmControl.LayoutSource(
                body.optionalText("layout"), body.text("file", "layout"), Path.of(body.text("folder")));
    }

    private interface Facts {
        Map<String, Object> get();
    }

    private void answerJson(RoutingContext request, Facts facts) {
        blocking.call(facts::get)
                .onSuccess(json -> Responses.json(request, json))
                .onFailure(failure -> Responses.problem(request, failure));
    }

    /** Events of a launch, written on the request's event loop. Few and short, so they need no back-pressure. */
    private static final class LaunchEvents implements VmControl.LaunchObserver {
        private final Context context;
        private final HttpServerResponse response;

        private LaunchEvents(Context context, HttpServerResponse response) {
            this.context = context;
            this.response = response;
        }

        @Override
        public void begin(String phase) {
            send(Map.of("event", "begin", "phase", phase));
        }

        @Override
        public void end(String phase, long milliseconds) {
            send(Map.of("event", "phase", "phase", phase, "ms", milliseconds));
        }

        @Override
        public void note(String text) {
            send(Map.of("event", "note", "text", text));
        }

        boolean begun() {
            return response.headWritten();
        }

        void last(Map<String, Object> event) {
            if (!response.closed()) {
                writeLine(event);
                response.end();
            }
        }

        private void send(Map<String, Object> event) {
            context.runOnContext(ignored -> {
                if (!response.closed()) {
                    writeLine(event);
                }
            });
        }

        private void writeLine(Map<String, Object> event) {
            if (!response.headWritten()) {
                response.setChunked(true).putHeader("Content-Type", "application/x-ndjson");
            }
            response.write(Json.write(event) + "\n");
        }
    }
}
