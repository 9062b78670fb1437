// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.Map;
import org.hybridvm.Json;

/** JSON values as the lines of an answer's body (NDJSON). */
final class LineSink implements EventSink {
    private final RoutingContext request;
    private final HttpServerResponse response;

    private LineSink(RoutingContext request) {
        this.request = request;
        this.response = request.response();
    }

    /** Sends the answer's head, so that the client knows that it follows. */
    static LineSink open(RoutingContext request) {
        request.response().setChunked(true).putHeader("Content-Type", "application/x-ndjson");
        request.response().writeHead();
        return new LineSink(request);
    }

    @Override
    public Future<Void> write(List<Map<String, Object>> values) {
        var lines = Buffer.buffer();
        values.forEach(value -> lines.appendString(Json.write(value)).appendByte((byte) '\n'));
        return response.write(lines);
    }

    @Override
    public void end(Map<String, Object> problem) {
        if (problem != null) {
            write(List.of(Map.of("problem", problem)));
        }
        response.end();
    }

    @Override
    public void cut() {
        Connections.cut(request.request().connection());
    }

    @Override
    public void onEnd(Runnable action) {
        response.closeHandler(ignored -> action.run());
        response.endHandler(ignored -> action.run());
    }
}
