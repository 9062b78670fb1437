// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.impl.ConnectionBase;

/** What Vert.x's public interface to connections lacks. */
final class Connections {
    private Connections() {}

    /** Closes it at once; {@code close()} would wait until the client has taken what is on its way. */
    static void cut(HttpConnection connection) {
        if (connection instanceof ConnectionBase known) {
            known.channel().close();
        } else {
            connection.close();
        }
    }
}
