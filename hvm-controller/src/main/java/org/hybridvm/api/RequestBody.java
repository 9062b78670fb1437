// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Handler;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import org.hybridvm.config.Limits;

/** Reads bodies, as far as they may go. They are JSON, whatever their type says: curl calls what it posts a form. */
final class RequestBody implements Handler<RoutingContext> {
    private final BodyHandler reader;

    RequestBody(Limits limits) {
        reader = BodyHandler.create(false).setBodyLimit(limits.bodyBytes());
    }

    @Override
    public void handle(RoutingContext request) {
        if (WebSockets.isAskedFor(request)) {
            request.next(); // a handshake that has been read to its end is none
            return;
        }
        request.request().headers().remove(HttpHeaders.CONTENT_TYPE); // else forms are taken apart
        reader.handle(request);
    }
}
