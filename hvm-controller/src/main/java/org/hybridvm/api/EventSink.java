// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Future;
import java.util.List;
import java.util.Map;

/** Where a stream of JSON values goes. All calls are on the event loop of its connection. */
interface EventSink {
    /** @return completes when the client's socket has taken them */
    Future<Void> write(List<Map<String, Object>> values);

    /** Ends it; {@code problem} is the last value, or null. */
    void end(Map<String, Object> problem);

    /** Lets go of a client that takes nothing. */
    void cut();

    /** Runs {@code action} once it has ended, whoever ended it. */
    void onEnd(Runnable action);
}
