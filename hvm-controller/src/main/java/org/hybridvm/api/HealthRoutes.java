// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.Map;

/** {@code /v1/health}: whether hvmd lives, and whether it can do all that it is there for. */
final class HealthRoutes {
    private final Readiness readiness;
    private final Blocking blocking;

    HealthRoutes(Readiness readiness, Blocking blocking) {
        this.readiness = readiness;
        this.blocking = blocking;
    }

    void mount(Router router) {
        router.get("/v1/health/live").handler(this::live);
        router.get("/v1/health/ready").handler(this::ready);
    }

    /** That the event loop answers is the answer. */
    private void live(RoutingContext request) {
        Responses.json(
                request, Map.of("live", true, "pid", ProcessHandle.current().pid(), "version", Version.current()));
    }

    private void ready(RoutingContext request) {
        blocking.call(readiness::look)
                .onSuccess(found -> Responses.health(request, found.status(), found.toJson()))
                .onFailure(failure -> Responses.problem(request, failure));
    }
}
