// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Future;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.ServerWebSocket;
import java.util.List;
import java.util.Map;
import org.hybridvm.Json;

/** JSON values as the text messages of a WebSocket (RFC 6455). */
final class WebSocketSink implements EventSink {
    /** Status codes of RFC 6455, 7.4.1. */
    static final short NORMAL = 1000;

    static final short POLICY = 1008;

    private final ServerWebSocket socket;
    private final HttpConnection connection;

    /** @param connection that the socket took over */
    WebSocketSink(ServerWebSocket socket, HttpConnection connection) {
        this.socket = socket;
        this.connection = connection;
    }

    @Override
    public Future<Void> write(List<Map<String, Object>> values) {
        Future<Void> last = Future.succeededFuture();
        for (Map<String, Object> value : values) {
            last = socket.writeTextMessage(Json.write(value));
        }
        return last;
    }

    @Override
    public void end(Map<String, Object> problem) {
        if (socket.isClosed()) {
            return;
        }
        if (problem == null) {
            socket.close(NORMAL);
            return;
        }
        write(List.of(Map.of("problem", problem)));
        socket.close(POLICY, problem.get("code").toString());
    }

    @Override
    public void cut() {
        Connections.cut(connection);
    }

    @Override
    public void onEnd(Runnable action) {
        socket.closeHandler(ignored -> action.run());
    }
}
