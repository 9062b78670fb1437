// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.soak;

import java.util.Map;
import org.hybridvm.JsonObject;

/**
 * What one client was told of a job.
 *
 * @param asked when, nanoseconds
 * @param told when the answer was there
 * @param way the request, for messages
 * @param tag its ETag, or nothing
 */
record Observation(int client, long asked, long told, String way, String tag, Map<String, Object> facts) {
    int job() {
        return (int) json().number("job");
    }

    String state() {
        return json().text("state");
    }

    int restarts() {
        return (int) json().object("batch").number("restarts");
    }

    boolean held() {
        return json().object("batch").flag("held");
    }

    boolean isTerminal() {
        return !state().equals("PENDING") && !state().equals("RUNNING");
    }

    /** Grows along a job's history: by the lives, in each from waiting over running to the end. */
    int progress() {
        return 3 * restarts() + (isTerminal() ? 2 : state().equals("RUNNING") ? 1 : 0);
    }

    private JsonObject json() {
        return JsonObject.of(facts);
    }

    @Override
    public String toString() {
        return "client %d, %s, %d..%d us: %s".formatted(client, way, asked / 1000, told / 1000, facts);
    }
}
