// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.access.Caller;

/** Begins jobs when it is their turn. May be used from any thread. */
final class JobStarter implements BatchQueue.Site {
    private static final int SIGTERM = 15;

    /** The agent keeps 128 jobs; some of them have ended, and nobody has taken all of their output. */
    private static final int MOST_ON_A_VM = 96;

    private final GuestMachines machines;
    private final Caller self;
    private final JobBooks books;
    private final JobRegister register;
    private final CoreQueues cores;
    private final JobKeeper keeper;
    private final Clock clock;

    JobStarter(
            GuestMachines machines,
            Caller self,
            JobBooks books,
            JobRegister register,
            CoreQueues cores,
            JobKeeper keeper,
            Clock clock) {
        this.machines = machines;
        this.self = self;
        this.books = books;
        this.register = register;
        this.cores = cores;
        this.keeper = keeper;
        this.clock = clock;
    }

    /** Servers give way to who waits. */
    void dismissServers(List<Integer> inTheWay) {
        inTheWay.stream()
                .map(register::live)
                .flatMap(Optional::stream) // else it has just ended
                .filter(job -> job.record().handover().server())
                .forEach(server -> server.signal(SIGTERM));
    }

    @Override
    public Optional<GuestMachine> machine(String vm) {
        try {
            return machines.find(vm);
        } catch (HvmException e) {
            return Optional.empty(); // it is there, and no job can run on it now
        }
    }

    @Override
    public List<JobRecord> tasks(JobId job) {
        try {
            return register.tasks(job);
        } catch (HvmException e) {
            return List.of(); // forgotten
        }
    }

    @Override
    public boolean isFirstOfItsName(JobRecord record) {
        String name = record.batch().orElseThrow().name();
        return register.list().stream()
                .noneMatch(one -> one.number() < record.number()
                        && !one.state().isTerminal()
                        && one.owner().uid() == record.owner().uid()
                        && one.batch()
                                .filter(facts -> facts.name().equals(name))
                                .isPresent());
    }

    @Override
    public List<JobRecord> running() {
        return register.live().stream()
                .map(Job::record)
                .filter(record -> record.state() == JobState.RUNNING)
                .toList();
    }

    /** On the queue's thread. Once the record says RUNNING the job is begun no more than once, whatever happens. */
    @Override
    public boolean tryStart(GuestMachine machine, JobRecord record, BooleanSupplier claim) {
        Optional<Placement> place = placement(machine, record);
        if (place.isEmpty() || isFull(machine)) {
            return false; // the VM was launched anew with another layout, or its agent has its hands full
        }
        CoreQueue holders = cores.of(place.get());
        int total = place.get().partition().cores();
        List<Integer> inTheWay = holders.tryAcquire(record.number(), record.cores(), total);
        if (!inTheWay.isEmpty()) {
            dismissServers(inTheWay);
            return false;
        }
        if (!claim.getAsBoolean()) {
            holders.release(record.number());
            return false;
        }
        return record.batch().isPresent() ? startBatch(machine, place.get(), record) : startRun(record);
    }

    /** Jobs of the Linux partition take no cores: only their agent bounds them, and it would refuse what waits well here. */
    private boolean isFull(GuestMachine machine) {
        return register.live().stream()
                        .map(Job::record)
                        .filter(one -> one.vm().equals(machine.name()) && one.state() == JobState.RUNNING)
                        .count()
                >= MOST_ON_A_VM;
    }

    private boolean startRun(JobRecord record) {
        register.live(record.number()).ifPresent(job -> job.starting().now()); // else it has just been cancelled
        return true;
    }

    private boolean startBatch(GuestMachine machine, Placement place, JobRecord record) {
        JobRecord running = record.running(clock.instant(), machine.greeting().life());
        try {
            books.add(List.of(running)).join();
        } catch (CompletionException e) {
            cores.of(place).release(record.number());
            return false; // the disk is full; it goes on waiting
        }
        var job = new Job(running, books.newLog(record.number()), clock, Job.NOBODY);
        register.enter(job);
        keeper.keep(job, Optional.of(running));
        begin(place, job);
        return true;
    }

    /** Begins a job that another hvmd was about to begin when it ended. */
    void beginAgain(GuestMachine machine, Job job) {
        try {
            begin(Placement.on(machine, job.record()), job);
        } catch (HvmException e) {
            job.fail(e.getMessage());
        }
    }

    private static Optional<Placement> placement(GuestMachine machine, JobRecord record) {
        return machine.partitions().stream()
                .filter(one -> one.name().equals(record.partition()) && one.cores() >= record.cores())
                .findFirst()
                .map(partition -> new Placement(machine, partition));
    }

    private void begin(Placement placement, Job job) {
        JobRecord record = job.record();
        try {
            BatchSpec spec = books.spec(record.number())
                    .orElseThrow(() -> HvmException.of(
                                    ErrorCode.STORE_DAMAGED, "What the job needs to be started is damaged")
                            .value("job " + record.number())
                            .hint("submit it again")
                            .build());
            job.begin(placement.machine(), command(placement, record, spec), spec.places());
        } catch (HvmException e) {
            job.fail(e.getMessage());
        }
    }

    private GuestCommand command(Placement placement, JobRecord record, BatchSpec spec) {
        BatchFacts facts = record.batch().orElseThrow();
        return new GuestCommand(
                placement.partition().name(),
                record.kind(), // one of Linux may hold HRT cores, which srun gives to its programs
                record.cores(),
                RunOption.ofWords(facts.options()),
                spec.command(),
                BatchPlan.environment(record, spec.environment()),
                record.directory(),
                spec.identity().orElseGet(() -> GuestCommand.Identity.of(self)),
                Optional.of(StreamFiles.of(facts)),
                facts.memory());
    }
}
