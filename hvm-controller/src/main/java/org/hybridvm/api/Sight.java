// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.ArrayList;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.hybridvm.access.Caller;
import org.hybridvm.job.JobService;
import org.hybridvm.metrics.Exposition;
import org.hybridvm.metrics.Histogram;
import org.hybridvm.metrics.Metrics;
import org.hybridvm.store.Database;

/** What hvmd shows of itself and its node: metrics, health, load. */
final class Sight {
    private final Vertx vertx;
    private final VmControl vms;
    private final JobService jobs;
    private final Blocking blocking;
    private final Metrics metrics = new Metrics();
    private final Database database;

    Sight(Vertx vertx, VmControl vms, JobService jobs, Database database, Blocking blocking) {
        this.vertx = vertx;
        this.vms = vms;
        this.jobs = jobs;
        this.database = database;
        this.blocking = blocking;
    }

    /** The handler before all others. */
    void begin(Router router) {
        router.route().handler(new RequestSight(router, metrics)::handle);
    }

    void mount(Router router) {
        Histogram commits = metrics.durations(
                "hvm_store_commit_seconds", "Transactions of the database by the time until they were on disk.");
        database.onCommit(commits::observe);
        metrics.add(new NodeMetrics(vms, jobs));
        metrics.add(new ProcessMetrics());
        LoopLag.watch(vertx, metrics);
        router.get("/metrics").handler(this::metrics);
        router.get("/v1/metrics").handler(this::metrics);
        router.get("/v1/doctor").handler(this::doctor);
        router.get("/v1/top").handler(this::top);
        new HealthRoutes(new Readiness(vms, database), blocking).mount(router);
    }

    private void metrics(RoutingContext request) {
        Exposition form = Exposition.accepted(request.request().getHeader("Accept"));
        blocking.call(() -> form.write(metrics.collect()))
                .onSuccess(text -> request.response()
                        .putHeader("Content-Type", form.contentType())
                        .end(text))
                .onFailure(failure -> Responses.problem(request, failure));
    }

    /** What the host lacks, then what hvmd finds at itself. */
    private void doctor(RoutingContext request) {
        blocking.call(this::doctor)
                .onSuccess(facts -> Responses.json(request, facts))
                .onFailure(failure -> Responses.problem(request, failure));
    }

    private Map<String, Object> doctor() {
        var checks = new ArrayList<>(vms.doctor());
        boolean known = vms.isOpen();
        Set<String> names =
                known ? vms.list().stream().map(vm -> vm.get("name").toString()).collect(Collectors.toSet()) : Set.of();
        checks.addAll(new DaemonChecks(database).run(names));
        return CheckFacts.of(checks);
    }

    private void top(RoutingContext request) {
        Caller caller = Callers.of(request);
        blocking.call(() -> TopFacts.of(
                        vms.load().of(vms.names(caller)), jobs.as(caller).list()))
                .onSuccess(facts -> Responses.json(request, facts))
                .onFailure(failure -> Responses.problem(request, failure));
    }
}
