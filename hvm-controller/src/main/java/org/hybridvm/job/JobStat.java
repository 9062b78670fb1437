// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.hybridvm.HvmException;

/** What a job has used: in the Linux partition by its control group, on HRT cores by the counters of its programs there. */
final class JobStat {
    private JobStat() {}

    /**
     * Blocks.
     *
     * @throws HvmException if its guest does not answer
     */
    static Map<String, Object> of(JobRecord record, GuestMachines machines, Instant now) {
        boolean runs = record.state() == JobState.RUNNING;
        var facts = new LinkedHashMap<String, Object>();
        facts.put("job", record.number());
        facts.put("state", record.state());
        facts.put("cores", record.cores());
        record.started()
                .ifPresent(begun -> facts.put(
                        "elapsed_ms",
                        Duration.between(begun, record.ended().orElse(now)).toMillis()));
        Optional<GuestMachine> machine = runs ? machines.find(record.vm()) : Optional.empty();
        Optional<JobUsage> usage = runs ? machine.flatMap(guest -> guest.usage(JobKey.of(record))) : record.usage();
        usage.ifPresent(resources -> {
            facts.putAll(resources.toJson());
            if (runs) {
                facts.put("memory_bytes", resources.memory());
            }
        });
        machine.flatMap(guest -> counters(guest, record)).ifPresent(counters -> facts.put("hrt", counters.toJson()));
        return facts;
    }

    /** Empty if it has no program on HRT cores, or its agent is of a version that cannot tell. */
    private static Optional<HrtCounters> counters(GuestMachine guest, JobRecord record) {
        try {
            return Optional.of(guest.counters(JobKey.of(record))).filter(counters -> counters.processes() > 0);
        } catch (HvmException e) {
            return Optional.empty();
        }
    }
}
