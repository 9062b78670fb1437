// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.hybridvm.JsonObject;

/**
 * What a batch job's record says beyond that of a run.
 *
 * @param stdin host file, or empty: nothing
 * @param stdout host file
 * @param stderr host file; the same as {@code stdout} if both go to one
 * @param append whether output files are appended to and not truncated
 * @param signal sent {@code signalAhead} before the time limit; 0: none
 * @param dependency as {@link Dependency} reads it, or empty
 * @param held whether somebody holds it
 * @param arrayJob number of the array's first task, or 0
 * @param arrayTask its index, where {@code arrayJob} is not 0
 * @param arrayLimit how many tasks of the array may run at a time; 0: any
 * @param options words of {@link RunOption}
 * @param memory bytes that it may have at a time; 0: any
 * @param restarts how often it was put back into the queue
 */
public record BatchFacts(
        String name,
        String stdin,
        String stdout,
        String stderr,
        boolean append,
        Optional<Duration> timeLimit,
        int signal,
        Duration signalAhead,
        String dependency,
        Optional<Instant> begin,
        boolean held,
        int priority,
        int arrayJob,
        int arrayTask,
        int arrayLimit,
        List<String> options,
        long memory,
        int restarts) {

    BatchFacts withHeld(boolean hold) {
        return with(hold, restarts);
    }

    BatchFacts restarted() {
        return with(false, restarts + 1);
    }

    private BatchFacts with(boolean hold, int starts) {
        return new BatchFacts(
                name,
                stdin,
                stdout,
                stderr,
                append,
                timeLimit,
                signal,
                signalAhead,
                dependency,
                begin,
                hold,
                priority,
                arrayJob,
                arrayTask,
                arrayLimit,
                options,
                memory,
                starts);
    }

    Map<String, Object> toJson() {
        var json = new LinkedHashMap<String, Object>();
        json.put("name", name);
        json.put("stdin", stdin);
        json.put("stdout", stdout);
        json.put("stderr", stderr);
        json.put("append", append);
        timeLimit.ifPresent(limit -> json.put("time_limit_s", limit.toSeconds()));
        json.put("warning_signal", signal);
        json.put("warning_ahead_s", signalAhead.toSeconds());
        json.put("dependency", dependency);
        begin.ifPresent(instant -> json.put("begin", instant));
        json.put("held", held);
        json.put("priority", priority);
        json.put("array_job", arrayJob);
        json.put("array_task", arrayTask);
        json.put("array_limit", arrayLimit);
        json.put("options", options);
        if (memory > 0) {
            json.put("memory_limit_bytes", memory);
        }
        json.put("restarts", restarts);
        return json;
    }

    static BatchFacts fromJson(JsonObject json) {
        return new BatchFacts(
                json.text("name"),
                json.text("stdin"),
                json.text("stdout"),
                json.text("stderr"),
                json.flag("append"),
                json.has("time_limit_s")
                        ? Optional.of(Duration.ofSeconds(json.number("time_limit_s")))
                        : Optional.empty(),
                (int) json.number("warning_signal"),
                Duration.ofSeconds(json.number("warning_ahead_s")),
                json.text("dependency"),
                json.optionalText("begin").map(Instant::parse),
                json.flag("held"),
                (int) json.number("priority"),
                (int) json.number("array_job"),
                (int) json.number("array_task"),
                (int) json.number("array_limit"),
                json.texts("options"),
                json.number("memory_limit_bytes", 0),
                (int) json.number("restarts"));
    }
}
