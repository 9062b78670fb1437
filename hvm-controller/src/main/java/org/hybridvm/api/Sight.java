// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.Optional;
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
    private Optional<Database> database = Optional.empty();

    Sight(Vertx vertx, VmControl vms, JobService jobs, Blocking blocking) {
        this.vertx = vertx;
        this.vms = vms;
        this.jobs = jobs;
        this.blocking = blocking;
    }

    /** From now on {@code store}'s commits are measured, and it is part of readiness. */
    void watch(Database store) {
        Histogram commits = metrics.durations(
                "hvm_store_commit_seconds", "Transactions of the database by the time until they were on disk.");
        store.onCommit(commits::observe);
        database = Optional.of(store);
    }

    /** The handler before all others. */
    void begin(Router router) {
        router.route().handler(new RequestSight(router, metrics)::handle);
    }

    void mount(Router router) {
        metrics.add(new NodeMetrics(vms, jobs));
        metrics.add(new ProcessMetrics());
        LoopLag.watch(vertx, metrics);
        router.get("/metrics").handler(this::metrics);
        router.get("/v1/metrics").handler(this::metrics);
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

    private void top(RoutingContext request) {
        blocking.call(() -> TopFacts.of(vms.load(), jobs.as(Callers.of(request)).list()))
                .onSuccess(facts -> Responses.json(request, facts))
                .onFailure(failure -> Responses.problem(request, failure));
    }
}
