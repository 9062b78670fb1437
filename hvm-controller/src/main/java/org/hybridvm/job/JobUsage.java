// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.hybridvm.JsonObject;

/**
 * What a job's processes in the Linux partition have used, by its control group. Time on HRT cores is not in it: those are the
 * job's for as long as it runs.
 *
 * @param peak memory, bytes
 * @param memory now, bytes; of a job that has ended, what its files have left in the cache
 * @param limit bytes; 0: none
 * @param kills processes that were killed for lack of memory
 * @param cpuMicros CPU time of Linux' cores, microseconds
 */
public record JobUsage(long peak, long memory, long limit, long kills, long cpuMicros) {
    private static final int MIB = 1 << 20;

    /** The report's line that begins with this word. */
    static final String WORD = "resources";

    /** Empty if it says nothing that can be understood. */
    public static Optional<JobUsage> of(ReportLine line) {
        try {
            return line.word().equals(WORD)
                    ? Optional.of(new JobUsage(
                            number(line, "peak"),
                            number(line, "memory"),
                            number(line, "limit"),
                            number(line, "oom_kills"),
                            number(line, "cpu_us")))
                    : Optional.empty();
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    private static long number(ReportLine line, String name) {
        return Long.parseUnsignedLong(line.value(name).orElse("0"));
    }

    /** Why a job ended whose processes were killed. */
    String lackOfMemory() {
        String had = "%d MiB at most".formatted((peak + MIB - 1) / MIB);
        return limit > 0
                ? "out of memory: it had %s, its limit is %d MiB (--mem)".formatted(had, limit / MIB)
                : "out of memory: it had %s, and the VM's Linux partition had no more".formatted(had);
    }

    public Map<String, Object> toJson() {
        var json = new LinkedHashMap<String, Object>();
        json.put("peak_memory_bytes", peak);
        json.put("memory_limit_bytes", limit);
        json.put("oom_kills", kills);
        json.put("cpu_time_us", cpuMicros);
        return json;
    }

    static JobUsage fromJson(JsonObject json) {
        return new JobUsage(
                json.number("peak_memory_bytes"),
                0,
                json.number("memory_limit_bytes"),
                json.number("oom_kills"),
                json.number("cpu_time_us"));
    }
}
