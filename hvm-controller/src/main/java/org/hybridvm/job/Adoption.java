// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings jobs and their processes together again: those that an earlier hvmd has begun, and those whose channel to the guest
 * was lost. What the agent keeps goes on; what it was never given is begun; what is gone with an agent or a VM has failed; what
 * hvmd does not know is ended. Jobs whose agent does not answer wait for it.
 */
final class Adoption {
    private static final Logger LOG = LoggerFactory.getLogger(Adoption.class);
    private static final Duration LOOK = Duration.ofMillis(100);

    /** How long a caller of {@code run} may take to come back. */
    static final Duration RETURN_LIMIT = Duration.ofSeconds(30);

    private final GuestMachines machines;
    private final JobBooks books;
    private final JobRegister register;
    private final CoreQueues cores;
    private final JobKeeper keeper;
    private final JobTimer timer;
    private final JobStarter starter;
    private final Clock clock;
    private final Map<String, AgentGreeting> greeted = new ConcurrentHashMap<>(); // by VM
    private final Map<Integer, Lonely> alone = new ConcurrentHashMap<>();
    private final Map<Integer, Job> leftovers = new ConcurrentHashMap<>(); // ended, and not all output was taken

    /** A job whose caller may come back. */
    private record Lonely(Job job, Instant since) {}

    Adoption(
            GuestMachines machines,
            JobBooks books,
            JobRegister register,
            CoreQueues cores,
            JobKeeper keeper,
            JobTimer timer,
            JobStarter starter,
            Clock clock) {
        this.machines = machines;
        this.books = books;
        this.register = register;
        this.cores = cores;
        this.keeper = keeper;
        this.timer = timer;
        this.starter = starter;
        this.clock = clock;
    }

    /** A job that an earlier hvmd has left without an end. */
    void take(JobRecord record) {
        var job = new Job(record, books.oldLog(record.number()), clock, Job.NOBODY);
        if (record.state() == JobState.RUNNING && record.cores() > 0) {
            cores.of(record.vm(), record.partition()).adopt(record.number(), record.cores());
        }
        register.enter(job);
        keeper.keep(job, Optional.of(record));
        if (record.batch().isEmpty() && !record.handover().server()) {
            Instant since = record.handover().key().isEmpty() ? Instant.EPOCH : clock.instant();
            alone.put(job.number(), new Lonely(job, since));
        }
    }

    void begin() {
        timer.every(LOOK, this::look);
        machines.onReached(() -> timer.soon(this::look));
    }

    /** Somebody has left a job, and may come back. */
    void awaitReturn(Job job) {
        alone.put(job.number(), new Lonely(job, clock.instant()));
    }

    /** Somebody has left a job, and has all of it that he wants. */
    void done(Job job) {
        leftovers.remove(job.number(), job);
    }

    /** A job that had ended, and of which its agent may have what its caller did not get; empty if it has nothing. */
    synchronized Optional<Job> leftover(JobRecord record) {
        Job known = leftovers.get(record.number());
        boolean told =
                greeted.containsKey(record.vm()) || machines.gone(record.vm()).isPresent();
        if (known != null || told) {
            return Optional.ofNullable(known);
        }
        var job = new Job(record, books.oldLog(record.number()), clock, Job.NOBODY);
        job.expectLeftover();
        leftovers.put(record.number(), job);
        return Optional.of(job);
    }

    private void look() {
        try {
            for (GuestMachine machine : machines.reachable()) {
                meet(machine);
            }
            register.live().stream()
                    .filter(job -> job.isAdrift() || job.state() == JobState.PENDING)
                    .forEach(this::failIfGone);
            alone.values().forEach(this::considerLonely);
        } catch (RuntimeException e) {
            LOG.error("jobs and guests could not be compared", e);
        }
    }

    private void meet(GuestMachine machine) {
        AgentGreeting greeting = machine.greeting();
        var count = new Count();
        register.live().stream()
                .filter(job -> job.isAdrift() && job.record().vm().equals(machine.name()))
                .forEach(job -> bringTogether(machine, greeting, job, count));
        if (greeted.get(machine.name()) != greeting) {
            letGoOfOthers(machine, greeting, count);
            LOG.info("jobs met vm={} {}", machine.name(), count);
        }
    }

    private synchronized void letGoOfOthers(GuestMachine machine, AgentGreeting greeting, Count count) {
        greeting.jobs().keySet().stream().filter(key -> !isOurs(key)).forEach(key -> letGo(machine, key, count));
        greeted.put(machine.name(), greeting);
        leftovers.values().stream()
                .filter(job -> job.record().vm().equals(machine.name())
                        && !greeting.jobs().containsKey(job.key()))
                .forEach(Job::nothingLeft);
    }

    /** What was found, for the log. */
    private static final class Count {
        private int adopted;
        private int ended;
        private int begun;
        private int lost;
        private int unknown;

        @Override
        public String toString() {
            return "adopted=%d ended_meanwhile=%d begun=%d lost=%d ended_by_us=%d"
                    .formatted(adopted, ended, begun, lost, unknown);
        }
    }

    private void bringTogether(GuestMachine machine, AgentGreeting greeting, Job job, Count count) {
        AgentGreeting.Kept kept = greeting.jobs().get(job.key());
        if (kept != null) {
            job.attach(machine);
            count.adopted += kept.ended() ? 0 : 1;
            count.ended += kept.ended() ? 1 : 0;
            endAgain(job);
        } else if (!greeting.life().equals(job.record().handover().agent())) {
            job.fail("the guest's agent was started anew, and the job ended with the old one");
            count.lost++;
        } else if (job.record().batch().isPresent()) {
            starter.beginAgain(machine, job);
            count.begun++;
        } else if (job.record().handover().key().isEmpty()) {
            job.fail("hvmd ended before the job was begun");
            count.lost++;
        } else if (job.starting().beginUnbegun(machine)) { // else its caller must say again what it is
            count.begun++;
        }
    }

    /** Somebody had asked for its end; it may not have heard. */
    private void endAgain(Job job) {
        if (job.asked() != Handover.Asked.NOTHING) {
            timer.terminate(job);
        }
    }

    private void failIfGone(Job job) {
        machines.gone(job.record().vm()).ifPresent(job::fail);
    }

    private boolean isOurs(JobKey key) {
        return register.live(key.job()).filter(job -> job.key().equals(key)).isPresent();
    }

    /** The books say that it has ended, or nothing. Its caller may have got the end, or come back for it. */
    private void letGo(GuestMachine machine, JobKey key, Count count) {
        Optional<JobRecord> record =
                register.ended(key.job()).filter(one -> JobKey.of(one).equals(key));
        if (record.isEmpty()) {
            count.unknown++;
        }
        if (record.filter(one -> !one.handover().key().isEmpty()).isEmpty()) {
            machine.release(key);
            return;
        }
        Job job = leftovers.computeIfAbsent(
                key.job(), ignored -> new Job(record.get(), books.oldLog(key.job()), clock, Job.NOBODY));
        alone.put(key.job(), new Lonely(job, clock.instant()));
        job.attach(machine);
    }

    private void considerLonely(Lonely lonely) {
        Job job = lonely.job();
        boolean over = job.state().isTerminal() && leftovers.get(job.number()) != job;
        if (over || !job.isAlone()) {
            alone.remove(job.number(), lonely);
        } else if (lonely.since().isBefore(clock.instant().minus(RETURN_LIMIT))) {
            giveUp(lonely);
        }
    }

    private void giveUp(Lonely lonely) {
        Job job = lonely.job();
        if (leftovers.remove(job.number(), job)) {
            job.release();
        } else if (!job.isAdrift()) {
            timer.hangUp(job);
        } else if (isReachable(job.record().vm())) {
            job.fail("hvmd ended before the job was begun, and its caller did not come back");
        } else {
            return; // its process may be there
        }
        alone.remove(job.number(), lonely);
    }

    private boolean isReachable(String vm) {
        return machines.reachable().stream().anyMatch(machine -> machine.name().equals(vm));
    }
}
