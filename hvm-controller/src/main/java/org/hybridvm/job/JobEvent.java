// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.hybridvm.access.Owner;
import org.hybridvm.event.Event;

/**
 * What is told of a job's state, as {@code job.state}. Two that are equal say nothing new.
 *
 * @param held whether a job that waits is held
 * @param restarts how often it was put back into the queue
 */
record JobEvent(
        int job,
        Owner owner,
        JobState state,
        String vm,
        String partition,
        Optional<String> name,
        boolean held,
        int restarts,
        Optional<JobResult> result) {
    static JobEvent of(JobRecord record) {
        return new JobEvent(
                record.number(),
                record.owner(),
                record.state(),
                record.vm(),
                record.partition(),
                record.batch().map(BatchFacts::name),
                record.batch().map(BatchFacts::held).orElse(false),
                record.batch().map(BatchFacts::restarts).orElse(0),
                record.result());
    }

    Event at(Instant time) {
        return Event.now(time, "job.state", "job/" + job, facts());
    }

    private Map<String, Object> facts() {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("state", state.name());
        facts.put("user", owner.name());
        facts.put("user_id", Integer.toUnsignedLong(owner.uid()));
        facts.put("vm", vm);
        facts.put("partition", partition);
        name.ifPresent(text -> facts.put("name", text));
        if (held) {
            facts.put("held", true);
        }
        if (restarts > 0) {
            facts.put("restarts", restarts);
        }
        result.ifPresent(end -> {
            facts.put("exit_code", end.exitCode());
            facts.put("signal", end.signal());
            facts.put("reason", end.reason());
        });
        return facts;
    }
}
