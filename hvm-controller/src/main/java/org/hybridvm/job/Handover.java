// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.hybridvm.JsonObject;

/**
 * What the record of a job that lives says for the hvmd that may find it.
 *
 * @param agent the life of the agent that is to begin it, on disk before it is asked to; empty: none yet
 * @param key by which its caller finds it again; empty: he cannot
 * @param timeLimit of a job that is no batch job
 * @param priority of a job that is no batch job
 * @param server whether it gives way to other jobs
 * @param asked how somebody has asked for its end
 */
public record Handover(
        String agent, String key, Optional<Duration> timeLimit, int priority, boolean server, Asked asked) {
    static final Handover NONE = new Handover("", "", Optional.empty(), 0, false, Asked.NOTHING);

    /** What is to become of a job that runs. */
    enum Asked {
        NOTHING,
        CANCEL,
        REQUEUE
    }

    static Handover of(JobRequest request, boolean server) {
        return new Handover("", request.key(), request.timeLimit(), request.priority(), server, Asked.NOTHING);
    }

    Handover to(String life) {
        return new Handover(life, key, timeLimit, priority, server, asked);
    }

    Handover asked(Asked end) {
        return new Handover(agent, key, timeLimit, priority, server, end);
    }

    Map<String, Object> toJson() {
        var json = new LinkedHashMap<String, Object>();
        json.put("agent", agent);
        json.put("key", key);
        timeLimit.ifPresent(limit -> json.put("time_limit_ms", limit.toMillis()));
        json.put("priority", priority);
        json.put("server", server);
        json.put("asked", asked.name());
        return json;
    }

    static Handover fromJson(JsonObject json) {
        return new Handover(
                json.text("agent"),
                json.text("key"),
                json.has("time_limit_ms")
                        ? Optional.of(Duration.ofMillis(json.number("time_limit_ms")))
                        : Optional.empty(),
                (int) json.number("priority", 0),
                json.flag("server"),
                Asked.valueOf(json.text("asked")));
    }
}
