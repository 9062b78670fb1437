// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.RoutingContext;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;

/** Requests that want to become WebSockets. */
final class WebSockets {
    private WebSockets() {}

    static boolean isAskedFor(RoutingContext request) {
        return request.request().method() == HttpMethod.GET
                && "websocket".equalsIgnoreCase(request.request().getHeader(HttpHeaders.UPGRADE));
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
