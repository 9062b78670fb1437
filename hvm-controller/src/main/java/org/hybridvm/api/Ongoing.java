// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.hybridvm.store.RequestKey;

/** Launches or applies that go on, by the keys of their requests: who asks again hears of the same one. */
final class Ongoing {
    private final Map<RequestKey, SharedEvents> begun = new ConcurrentHashMap<>();

    /** Does {@code work}, or joins it from its beginning on if the same request does it already. Blocks. */
    Map<String, Object> once(
            RequestKey request, LaunchEvents events, Function<SharedEvents, Map<String, Object>> work) {
        var own = new SharedEvents();
        SharedEvents first = begun.putIfAbsent(request, own);
        if (first != null) {
            return first.join(events);
        }
        own.add(events);
        try {
            Map<String, Object> answer = work.apply(own);
            own.complete(answer);
            return answer;
        } catch (RuntimeException e) {
            own.fail(e);
            throw e;
        } finally {
            begun.remove(request);
        }
    }
}
