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
import org.hybridvm.config.Limits;
import org.hybridvm.job.JobRecord;
import org.hybridvm.job.JobService;
import org.hybridvm.store.RequestKey;

/** {@code /v1/vms} and {@code /v1/layouts}. */
final class VmRoutes {
    private final Vertx vertx;
    private final VmControl vms;
    private final JobService jobs;
    private final Blocking blocking;
    private final FunctionServers servers;
    private final Launches launches;
    private final KeyedCalls calls;
    private final OpenStreams streams;
    private final Limits limits;

    VmRoutes(
            Vertx vertx,
            VmControl vms,
            JobService jobs,
            Blocking blocking,
            FunctionServers servers,
            Launches launches,
            KeyedCalls calls,
            OpenStreams streams,
            Limits limits) {
        this.vertx = vertx;
        this.vms = vms;
        this.jobs = jobs;
        this.blocking = blocking;
        this.servers = servers;
        this.launches = launches;
        this.calls = calls;
        this.streams = streams;
        this.limits = limits;
    }

    void mount(Router router) {
        router.get("/v1/vms").handler(this::list);
        router.post("/v1/vms").handler(this::launch);
        router.get("/v1/vms/:vm").handler(this::info);
        router.delete("/v1/vms/:vm").handler(this::destroy);
        router.get("/v1/vms/:vm/console").handler(this::console);
        router.get("/v1/vms/:vm/logs/:kind").handler(this::log);
        router.post("/v1/vms/:vm/partitions/:partition/reboot").handler(this::reboot);
        router.get("/v1/vms/:vm/partitions/:partition/modules").handler(this::modules);
        router.post("/v1/vms/:vm/partitions/:partition/modules").handler(this::loadModule);
        router.delete("/v1/vms/:vm/partitions/:partition/modules/:module").handler(this::unloadModule);
        router.post("/v1/vms/:vm/window/serve").handler(this::serve);
        router.get("/v1/dumps").handler(request -> answerJson(request, () -> Map.of("dumps", vms.dumps())));
        router.get("/v1/dumps/:dump").handler(this::dump);
        router.post("/v1/layouts/validate").handler(this::validate);
    }

    private void list(RoutingContext request) {
        var seen = new SeenVms(vms, Callers.of(request));
        answerJson(request, () -> Map.of("vms", seen.list()));
    }

    private void info(RoutingContext request) {
        String vm = request.pathParam("vm");
        var seen = new SeenVms(vms, Callers.of(request));
        blocking.call(() -> {
                    seen.require(vm);
                    return vms.info(vm);
                })
                .onSuccess(facts -> {
                    request.response().putHeader("ETag", ETags.ofVm(facts));
                    Responses.json(request, facts);
                })
                .onFailure(failure -> Responses.problem(request, failure));
    }

    /** Refuses if the VM is not as the request's If-Match says. Blocks. */
    private void requireMatch(Optional<List<String>> allowed, String vm) {
        allowed.ifPresent(tags -> ETags.require(tags, ETags.ofVm(vms.info(vm))));
    }

    private void dump(RoutingContext request) {
        String text = request.pathParam("dump");
        if (!text.matches("[0-9]{1,9}")) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "A dump is named by its number")
                    .value(text)
                    .hint("hvm dump")
                    .build();
        }
        answerJson(request, () -> vms.dump(Integer.parseInt(text)));
    }

    private void validate(RoutingContext request) {
        VmControl.LayoutSource source = layoutSource(request);
        answerJson(request, () -> {
            List<Map<String, Object>> layouts = vms.validateAll(source);
            return layouts.size() == 1 ? layouts.getFirst() : Map.of("layouts", layouts);
        });
    }

    private void destroy(RoutingContext request) {
        String vm = request.pathParam("vm");
        boolean force = Requests.flag(request, "force");
        Optional<List<String>> match = ETags.allowed(request);
        blocking.callLong(() -> {
                    requireMatch(match, vm);
                    servers.retire(vm);
                    if (!force) {
                        requireIdle("VM", vm, jobs.liveOn(vm), "hvm destroy --force " + vm);
                    }
                    vms.destroy(vm);
                    return null;
                })
                .onSuccess(done -> Responses.nothing(request))
                .onFailure(failure -> Responses.problem(request, failure));
    }

    private static void requireIdle(String what, String value, List<JobRecord> live, String anyway) {
        if (live.isEmpty()) {
            return;
        }
        throw HvmException.of(ErrorCode.WRONG_STATE, "Jobs run on the " + what)
                .value(value)
                .owner("job "
                        + live.stream().map(job -> String.valueOf(job.number())).collect(Collectors.joining(", ")))
                .hint("hvm cancel " + live.getFirst().number() + "; or " + anyway)
                .build();
    }

    private void reboot(RoutingContext request) {
        String vm = request.pathParam("vm");
        String partition = request.pathParam("partition");
        boolean force = Requests.body(request, "force").flag("force");
        Optional<List<String>> match = ETags.allowed(request);
        changeOnce(request, () -> {
            requireMatch(match, vm);
            servers.retire(vm);
            if (!force) {
                String path = vm + "/" + partition;
                List<JobRecord> live = jobs.liveOn(vm).stream()
                        .filter(job -> job.partition().equals(partition))
                        .toList();
                requireIdle("partition", path, live, "hvm reboot --force " + path);
            }
            return vms.reboot(vm, partition, force);
        });
    }

    private void modules(RoutingContext request) {
        String vm = request.pathParam("vm");
        String partition = request.pathParam("partition");
        var seen = new SeenVms(vms, Callers.of(request));
        answerJson(request, () -> {
            seen.require(vm);
            return vms.modules(vm, partition);
        });
    }

    private void loadModule(RoutingContext request) {
        String vm = request.pathParam("vm");
        String partition = request.pathParam("partition");
        Path file = Path.of(Requests.body(request, "file").text("file"));
        Caller caller = Callers.of(request);
        changeOnce(request, () -> {
            servers.retire(vm); // the next one offers the module's functions
            return vms.loadModule(vm, partition, file, caller);
        });
    }

    private void unloadModule(RoutingContext request) {
        String vm = request.pathParam("vm");
        String partition = request.pathParam("partition");
        String module = request.pathParam("module");
        blocking.callLong(() -> {
                    servers.retire(vm); // it holds a core, and the module may be in use there
                    return vms.unloadModule(vm, partition, module);
                })
                .onSuccess(facts -> Responses.json(request, facts))
                .onFailure(failure -> Responses.problem(request, failure));
    }

    private void serve(RoutingContext request) {
        String vm = request.pathParam("vm");
        JsonObject body = Requests.body(request, "partition", "libraries");
        Optional<String> partition = body.optionalText("partition");
        List<String> libraries = body.texts("libraries");
        changeOnce(request, () -> servers.require(vm, partition, libraries));
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
        if (WebSockets.isAskedFor(request)) {
            WebSockets.open(
                    request,
                    streams,
                    blocking,
                    () -> vms.openConsole(vm),
                    (socket, console, left) -> new ConsoleStream(
                                    vertx.getOrCreateContext(),
                                    socket,
                                    request.request().connection(),
                                    console,
                                    limits)
                            .start(left));
            return;
        }
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
        VmControl.LayoutSource source = layoutSource(request);
        var events = new LaunchEvents(vertx.getOrCreateContext(), request);
        Optional<RequestKey> key = RequestKeys.of(request);
        blocking.callLong(() -> launches.launch(key, source, events))
                .onSuccess(events::ready)
                .onFailure(events::failed);
    }

    private static VmControl.LayoutSource layoutSource(RoutingContext request) {
        JsonObject body = Requests.body(request, "layout", "file", "folder");
        return new VmControl.LayoutSource(
                body.optionalText("layout"),
                body.text("file", "layout"),
                Path.of(body.text("folder")),
                Callers.of(request));
    }

    private void changeOnce(RoutingContext request, Callable<Map<String, Object>> change) {
        Optional<RequestKey> key = RequestKeys.of(request);
        blocking.callLong(() -> calls.once(key, change))
                .onSuccess(facts -> Responses.json(request, facts))
                .onFailure(failure -> Responses.problem(request, failure));
    }

    private interface Facts {
        Map<String, Object> get();
    }

    private void answerJson(RoutingContext request, Facts facts) {
        blocking.call(facts::get)
                .onSuccess(json -> Responses.json(request, json))
                .onFailure(failure -> Responses.problem(request, failure));
    }
}
