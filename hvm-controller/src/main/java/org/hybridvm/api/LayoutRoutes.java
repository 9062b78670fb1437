// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;
import org.hybridvm.access.Caller;
import org.hybridvm.job.JobRecord;
import org.hybridvm.job.JobService;
import org.hybridvm.store.RequestKey;

/** {@code /v1/layouts/plan}, {@code /v1/layouts/apply}, {@code /v1/host}, and layouts of VMs. */
final class LayoutRoutes {
    private static final String[] DECLARATION = {"layouts", "folder", "plan", "prune", "restart"};

    private final Vertx vertx;
    private final VmControl vms;
    private final JobService jobs;
    private final Blocking blocking;
    private final FunctionServers servers;
    private final Applies applies;

    LayoutRoutes(
            Vertx vertx, VmControl vms, JobService jobs, Blocking blocking, FunctionServers servers, Applies applies) {
        this.vertx = vertx;
        this.vms = vms;
        this.jobs = jobs;
        this.blocking = blocking;
        this.servers = servers;
        this.applies = applies;
    }

    void mount(Router router) {
        router.post("/v1/layouts/plan").handler(this::plan);
        router.post("/v1/layouts/apply").handler(this::apply);
        router.get("/v1/vms/:vm/layout").handler(this::layout);
        router.get("/v1/host").handler(this::host);
    }

    private void plan(RoutingContext request) {
        LayoutControl.Declaration declaration = declaration(Requests.body(request, DECLARATION), Callers.of(request));
        answer(request, () -> vms.layouts().plan(declaration));
    }

    private void host(RoutingContext request) {
        Caller caller = Callers.of(request);
        answer(request, () -> vms.layouts().host(vms.names(caller)));
    }

    private void layout(RoutingContext request) {
        String vm = request.pathParam("vm");
        var seen = new SeenVms(vms, Callers.of(request));
        answer(request, () -> {
            seen.require(vm);
            return vms.layouts().layout(vm);
        });
    }

    /** Answers with one JSON event a line, as a launch does. A caller who goes away stops nothing. */
    private void apply(RoutingContext request) {
        JsonObject body = Requests.body(request, DECLARATION);
        LayoutControl.Declaration declaration = declaration(body, Callers.of(request));
        boolean restart = body.flag("restart");
        var events = new LaunchEvents(vertx.getOrCreateContext(), request);
        Optional<RequestKey> key = RequestKeys.of(request);
        blocking.callLong(() -> applies.apply(key, declaration, ending -> requireIdle(ending, restart), events))
                .onSuccess(events::applied)
                .onFailure(events::failed);
    }

    private void requireIdle(List<String> ending, boolean restart) {
        for (String vm : ending) {
            servers.retire(vm);
            List<JobRecord> live = jobs.liveOn(vm);
            if (!restart && !live.isEmpty()) {
                throw HvmException.of(ErrorCode.WRONG_STATE, "Jobs run on a VM that has to be ended")
                        .value(vm)
                        .owner("job "
                                + live.stream()
                                        .map(job -> String.valueOf(job.number()))
                                        .collect(Collectors.joining(", ")))
                        .hint("hvm cancel " + live.getFirst().number() + "; or hvm apply --restart, which ends them")
                        .build();
            }
        }
    }

    private static LayoutControl.Declaration declaration(JsonObject body, Caller caller) {
        if (body.has("plan")) {
            JsonObject plan = body.object("plan");
            return new LayoutControl.Declaration(List.of(), Optional.of(plan), plan.flag("prune"), caller);
        }
        Path folder = Path.of(body.text("folder"));
        List<VmControl.LayoutSource> layouts = body.objects("layouts").stream()
                .map(one -> one.only("layout", "file"))
                .map(one -> new VmControl.LayoutSource(
                        Optional.of(one.text("layout")), one.text("file", "layout"), folder, caller))
                .toList();
        return new LayoutControl.Declaration(layouts, Optional.empty(), body.flag("prune"), caller);
    }

    private void answer(RoutingContext request, Callable<Map<String, Object>> facts) {
        blocking.call(facts)
                .onSuccess(json -> Responses.json(request, json))
                .onFailure(failure -> Responses.problem(request, failure));
    }
}
