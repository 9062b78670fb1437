// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.hybridvm.JsonObject;
import org.hybridvm.access.OwnIdentity;
import org.hybridvm.access.Owner;

/**
 * What is known and kept of a job.
 *
 * @param result present once the state is terminal
 * @param batch present for a batch job
 * @param usage once it has ended, if its agent could tell
 * @param handover what another hvmd needs to go on with it
 */
public record JobRecord(
        int number,
        Owner owner,
        String vm,
        String partition,
        PartitionKind kind,
        int cores,
        List<String> arguments,
        String directory,
        JobState state,
        Instant submitted,
        Optional<Instant> started,
        Optional<Instant> ended,
        Optional<JobResult> result,
        Optional<BatchFacts> batch,
        Handover handover,
        Optional<JobUsage> usage) {
    /** A job that waits, and has not begun. */
    static JobRecord pending(
            int number,
            Owner owner,
            String vm,
            String partition,
            PartitionKind kind,
            int cores,
            List<String> arguments,
            String directory,
            Instant submitted,
            Optional<BatchFacts> batch,
            Handover handover) {
        return new JobRecord(
                number,
                owner,
                vm,
                partition,
                kind,
                cores,
                arguments,
                directory,
                JobState.PENDING,
                submitted,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                batch,
                handover,
                Optional.empty());
    }

    /** The higher, the earlier it starts. */
    int priority() {
        return batch.map(BatchFacts::priority).orElse(handover.priority());
    }

    Optional<Duration> timeLimit() {
        return batch.isPresent() ? batch.get().timeLimit() : handover.timeLimit();
    }

    /** Whether it wants or has cores of the same partition. */
    boolean isBeside(JobRecord other) {
        return vm.equals(other.vm) && partition.equals(other.partition);
    }

    /** The same job at another point of its life. */
    private JobRecord with(
            JobState next,
            Optional<Instant> begun,
            Optional<Instant> over,
            Optional<JobResult> end,
            Optional<BatchFacts> facts,
            Handover hands) {
        return new JobRecord(
                number,
                owner,
                vm,
                partition,
                kind,
                cores,
                arguments,
                directory,
                next,
                submitted,
                begun,
                over,
                end,
                facts,
                hands,
                Optional.empty());
    }

    /** The same job in the queue again. */
    JobRecord waiting(BatchFacts facts) {
        return with(
                JobState.PENDING,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.of(facts),
                handover.to("").asked(Handover.Asked.NOTHING));
    }

    /**
     * The same job, begun.
     *
     * @param agent the life of the agent that is to begin it
     */
    JobRecord running(Instant when, String agent) {
        return with(JobState.RUNNING, Optional.of(when), Optional.empty(), Optional.empty(), batch, handover.to(agent));
    }

    /** The same job, ended. */
    JobRecord ended(JobResult end, Instant when) {
        return with(end.state(), started, Optional.of(when), Optional.of(end), batch, handover);
    }

    /** The same job, of which is known what it used. */
    JobRecord used(Optional<JobUsage> resources) {
        return new JobRecord(
                number, owner, vm, partition, kind, cores, arguments, directory, state, submitted, started, ended,
                result, batch, handover, resources);
    }

    /** The same job, whose end somebody asked for. */
    JobRecord asked(Handover.Asked end) {
        return with(state, started, ended, result, batch, handover.asked(end));
    }

    /** As it is kept: {@link #toJson} and what is for hvmd only. */
    Map<String, Object> toStored() {
        Map<String, Object> json = toJson();
        if (!handover.equals(Handover.NONE)) {
            json.put("handover", handover.toJson());
        }
        return json;
    }

    public Map<String, Object> toJson() {
        var json = new LinkedHashMap<String, Object>();
        json.put("job", number);
        json.put("user", owner.name());
        json.put("user_id", Integer.toUnsignedLong(owner.uid()));
        json.put("state", state.name());
        json.put("vm", vm);
        json.put("partition", partition);
        json.put("kind", kind.name().toLowerCase(Locale.ROOT));
        json.put("cores", cores);
        json.put("command", arguments);
        json.put("directory", directory);
        json.put("submitted", submitted);
        started.ifPresent(instant -> json.put("started", instant));
        ended.ifPresent(instant -> json.put("ended", instant));
        result.ifPresent(end -> {
            json.put("exit_code", end.exitCode());
            json.put("signal", end.signal());
            json.put("reason", end.reason());
        });
        if (handover.priority() != 0) {
            json.put("priority", handover.priority());
        }
        batch.ifPresent(facts -> json.put("batch", facts.toJson()));
        usage.ifPresent(resources -> json.put("usage", resources.toJson()));
        return json;
    }

    static JobRecord fromJson(JsonObject json) {
        JobState state = JobState.valueOf(json.text("state"));
        Optional<JobResult> result = state.isTerminal()
                ? Optional.of(new JobResult(
                        state, (int) json.number("exit_code"), (int) json.number("signal"), json.text("reason", null)))
                : Optional.empty();
        return new JobRecord(
                (int) json.number("job"),
                owner(json),
                json.text("vm"),
                json.text("partition"),
                PartitionKind.valueOf(json.text("kind").toUpperCase(Locale.ROOT)),
                (int) json.number("cores"),
                json.texts("command"),
                json.text("directory"),
                state,
                Instant.parse(json.text("submitted")),
                json.optionalText("started").map(Instant::parse),
                json.optionalText("ended").map(Instant::parse),
                result,
                json.has("batch") ? Optional.of(BatchFacts.fromJson(json.object("batch"))) : Optional.empty(),
                json.has("handover") ? Handover.fromJson(json.object("handover")) : Handover.NONE,
                json.has("usage") ? Optional.of(JobUsage.fromJson(json.object("usage"))) : Optional.empty());
    }

    /** Records of earlier versions name no owner: all jobs were hvmd's own user's. */
    private static Owner owner(JsonObject json) {
        return json.has("user_id")
                ? new Owner((int) json.number("user_id"), json.text("user"))
                : OwnIdentity.ofThisProcess().owner();
    }
}
