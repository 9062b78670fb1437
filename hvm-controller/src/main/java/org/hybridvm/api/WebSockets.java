// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Future;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.ext.web.RoutingContext;
import java.util.concurrent.Callable;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;

/** Requests that want to become WebSockets. */
final class WebSockets {
    private WebSockets() {}

    static boolean isAskedFor(RoutingContext request) {
        return request.request().method() == HttpMethod.GET
                && "websocket".equalsIgnoreCase(request.request().getHeader(HttpHeaders.UPGRADE));
    }

    /**
     * Opens a stream: counts it, looks whether it can be, has it in the audit log, becomes a WebSocket, and begins.
     *
     * @param ready looked up before the handshake, blocking, so that what it refuses is refused by a status
     */
    static <T> void open(
            RoutingContext request, OpenStreams streams, Blocking blocking, Callable<T> ready, Opened<T> opened) {
        Runnable left = streams.enter();
        request.request().pause();
        blocking.call(ready)
                .compose(found -> Future.fromCompletionStage(
                                Audited.of(request).writeOpening(),
                                request.vertx().getOrCreateContext())
                        .map(found))
                .compose(found -> request.request().toWebSocket().map(socket -> {
                    opened.begin(socket, found, left);
                    return null;
                }))
                .onFailure(failure -> {
                    left.run();
                    Responses.problem(request, failure);
                });
    }

    /** Begins a stream; runs {@code left} when it has ended. */
    interface Opened<T> {
        void begin(ServerWebSocket socket, T found, Runnable left);
    }

    /** @throws HvmException if it does not */
    static void require(RoutingContext request) {
        if (!isAskedFor(request)) {
            String upgrade = request.request().getHeader(HttpHeaders.UPGRADE);
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "This resource is a WebSocket")
                    .field("Upgrade")
                    .value(upgrade == null ? "no Upgrade header" : "Upgrade: " + upgrade)
                    .allowed("Upgrade: websocket")
                    .build();
        }
    }
}
