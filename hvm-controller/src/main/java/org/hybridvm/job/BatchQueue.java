// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Jobs that wait, those with a caller and those without, and the order in which they start: by priority, then by number. A job that does not fit holds its
 * place; a later one passes it only if its time limit ends before the first could start by the limits of those that run
 * (EASY backfill, Lifka 1995). One thread decides, once a second and whenever something changed.
 */
final class BatchQueue implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BatchQueue.class);
    private static final long PAUSE_NANOS = 10_000; // some times of what a look takes for a job
    private static final Comparator<JobRecord> ORDER =
            Comparator.comparingInt((JobRecord record) -> -record.priority()).thenComparingInt(JobRecord::number);

    /** What the queue needs of the service that owns it. */
    interface Site {
        Optional<GuestMachine> machine(String vm);

        /** The jobs that are meant: one, all tasks of an array, or none that is still known. */
        List<JobRecord> tasks(JobId job);

        /** Whether no earlier job of that name has not ended. */
        boolean isFirstOfItsName(JobRecord record);

        /** Jobs that run, on any VM. */
        List<JobRecord> running();

        /**
         * Takes cores for the job and starts it if they are free and it can still be claimed; otherwise nothing. Blocks
         * until it is on disk.
         */
        boolean tryStart(GuestMachine machine, JobRecord record, BooleanSupplier claim);
    }

    /**
     * Why a job waits.
     *
     * @param reason Slurm's word
     * @param jobs those in the way
     * @param estimate when it could start, if the limits of those that run tell
     */
    record Blocked(String reason, List<Integer> jobs, Optional<Instant> estimate, Instant since) {
        private boolean isForCores() {
            return reason.equals("Resources") || reason.equals("Priority");
        }

        private boolean isAs(Blocked other) {
            return reason.equals(other.reason) && jobs.equals(other.jobs);
        }
    }

    private final Clock clock;
    private volatile Site site;
    private volatile int size; // at the last look
    private volatile Eligibility eligibility;
    private final Map<Integer, JobRecord> waiting = new TreeMap<>(); // guarded by this
    private final Map<Integer, JobRecord> between = new TreeMap<>(); // until the disk has their next; guarded by this
    private final Map<Integer, Blocked> blocked = new HashMap<>(); // guarded by this
    private final AtomicBoolean asked = new AtomicBoolean();
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("batch-queue").factory());

    BatchQueue(Clock clock) {
        this.clock = clock;
    }

    void begin(Site owner, Eligibility rules) {
        eligibility = rules;
        site = owner;
        thread.scheduleWithFixedDelay(this::look, 0, 1, TimeUnit.SECONDS);
    }

    void add(Collection<JobRecord> records) {
        synchronized (this) {
            records.forEach(record -> waiting.put(record.number(), record));
        }
        changed();
    }

    /** Something changed: look soon, but the more wait the rarer, as every look takes time for each. Does not block. */
    void changed() {
        if (site != null && asked.compareAndSet(false, true) && !thread.isShutdown()) {
            thread.schedule(this::look, PAUSE_NANOS * size, TimeUnit.NANOSECONDS);
        }
    }

    synchronized Optional<JobRecord> find(int number) {
        JobRecord record = waiting.get(number);
        return Optional.ofNullable(record == null ? between.get(number) : record);
    }

    private synchronized List<JobRecord> inOrder() {
        return waiting.values().stream().sorted(ORDER).toList();
    }

    synchronized Optional<Blocked> why(int number) {
        return Optional.ofNullable(blocked.get(number));
    }

    /** Jobs that wait for the cores of the same partition and are before a new one. */
    synchronized List<Integer> before(JobRecord record) {
        return waiting.values().stream()
                .filter(other -> other.isBeside(record) && ORDER.compare(other, record) < 0)
                .filter(other -> !blocked.containsKey(other.number())
                        || blocked.get(other.number()).isForCores())
                .map(JobRecord::number)
                .toList();
    }

    /** Forgets a job that has ended while it waited. Does not block: one that is being started finds out for itself. */
    synchronized void forget(int number) {
        waiting.remove(number);
        blocked.remove(number);
    }

    /**
     * Takes a job that waits, to change it or to end it: nobody else does meanwhile, and it does not start. {@link #put} or
     * {@link #left} must follow. Empty if it does not wait any more. Blocks while somebody else has taken it.
     */
    synchronized Optional<JobRecord> take(int number) {
        while (between.containsKey(number)) {
            try {
                wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return Optional.empty();
            }
        }
        JobRecord record = waiting.remove(number);
        if (record != null) {
            between.put(number, record);
        }
        return Optional.ofNullable(record);
    }

    /** What was taken waits again, as the disk has it now. Does not block. */
    void put(JobRecord record) {
        synchronized (this) {
            between.remove(record.number());
            waiting.put(record.number(), record);
            notifyAll();
        }
        changed();
    }

    /** What was taken does not wait any more. Does not block. */
    void left(int number) {
        synchronized (this) {
            between.remove(number);
            blocked.remove(number);
            notifyAll();
        }
        changed();
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }

    private void look() {
        asked.set(false);
        try {
            List<JobRecord> jobs = inOrder();
            size = jobs.size();
            var machines = new HashMap<String, Optional<GuestMachine>>();
            jobs.forEach(record -> machines.computeIfAbsent(record.vm(), site::machine));
            schedule(jobs, machines);
        } catch (RuntimeException e) {
            LOG.error("the batch queue could not be looked at", e);
        }
    }

    private void schedule(List<JobRecord> jobs, Map<String, Optional<GuestMachine>> machines) {
        var heads = new LinkedHashMap<String, Head>(); // the first that waits for cores, by partition
        for (JobRecord record : jobs) {
            Optional<Blocked> reason = consider(record, machines.getOrDefault(record.vm(), Optional.empty()), heads);
            synchronized (this) {
                if (!waiting.containsKey(record.number())) {
                    blocked.remove(record.number());
                } else if (reason.isPresent()) {
                    blocked.merge(
                            record.number(), reason.get(), (old, now) -> old.isAs(now) ? keepSince(old, now) : now);
                }
            }
        }
    }

    private static Blocked keepSince(Blocked old, Blocked now) {
        return new Blocked(now.reason(), now.jobs(), now.estimate(), old.since());
    }

    /** A job that waits for cores, and when those that run will have left it enough. */
    private record Head(int job, Optional<Instant> start) {}

    private Optional<Blocked> consider(JobRecord record, Optional<GuestMachine> machine, Map<String, Head> heads) {
        Optional<Blocked> early = eligibility.notYet(record);
        if (early.isPresent()) {
            return early;
        }
        if (machine.isEmpty()) {
            return Optional.of(blocked("PartitionDown"));
        }
        String place = record.vm() + "/" + record.partition();
        Head head = heads.get(place);
        if (head != null && !endsBefore(record, head.start())) {
            return Optional.of(new Blocked("Priority", List.of(head.job()), Optional.empty(), clock.instant()));
        }
        if (start(machine.get(), record)) {
            return Optional.empty();
        }
        if (head != null) {
            return Optional.of(new Blocked("Priority", List.of(head.job()), Optional.empty(), clock.instant()));
        }
        List<JobRecord> running =
                site.running().stream().filter(one -> one.isBeside(record)).toList();
        Optional<Instant> start = start(record, machine.get(), running);
        heads.put(place, new Head(record.number(), start));
        List<Integer> jobs = running.stream().map(JobRecord::number).toList();
        return Optional.of(new Blocked("Resources", jobs, start, clock.instant()));
    }

    /** Without the lock: who waits for the disk must not keep those from it who are told by the disk's thread. */
    private boolean start(GuestMachine machine, JobRecord record) {
        var claimed = new AtomicBoolean();
        boolean started = site.tryStart(machine, record, () -> {
            claimed.set(claim(record));
            return claimed.get();
        });
        if (claimed.get()) { // else somebody else may have it between
            synchronized (this) {
                between.remove(record.number());
                if (!started) {
                    waiting.put(record.number(), record);
                }
                notifyAll();
            }
        }
        return started;
    }

    private synchronized boolean claim(JobRecord record) {
        boolean mine = waiting.remove(record.number(), record); // else it was held or taken out meanwhile
        if (mine) {
            between.put(record.number(), record);
        }
        return mine;
    }

    private boolean endsBefore(JobRecord record, Optional<Instant> start) {
        Optional<Duration> limit = record.timeLimit();
        return limit.isPresent()
                && (start.isEmpty() || !clock.instant().plus(limit.get()).isAfter(start.get()));
    }

    /** When the limits of those that run leave enough cores; empty if they do not tell. */
    private static Optional<Instant> start(JobRecord record, GuestMachine machine, List<JobRecord> running) {
        int free = machine.partitions().stream()
                        .filter(one -> one.name().equals(record.partition()))
                        .mapToInt(GuestMachine.Partition::cores)
                        .sum()
                - running.stream().mapToInt(JobRecord::cores).sum();
        var ends = new ArrayList<Map.Entry<Instant, Integer>>();
        for (JobRecord one : running) {
            one.started()
                    .flatMap(begun -> one.timeLimit().map(begun::plus))
                    .ifPresent(end -> ends.add(Map.entry(end, one.cores())));
        }
        ends.sort(Map.Entry.comparingByKey());
        for (Map.Entry<Instant, Integer> end : ends) {
            free += end.getValue();
            if (free >= record.cores()) {
                return Optional.of(end.getKey());
            }
        }
        return Optional.empty();
    }

    private Blocked blocked(String reason) {
        return new Blocked(reason, List.of(), Optional.empty(), clock.instant());
    }
}
