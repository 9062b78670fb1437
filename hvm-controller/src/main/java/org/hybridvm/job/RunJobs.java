// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.time.Clock;
import java.util.List;
import java.util.Optional;
import org.hybridvm.HvmException;
import org.hybridvm.access.Caller;

/** Jobs whose caller hears of them: begun when their cores are free, and found again by callers who lost them. */
final class RunJobs {
    private final GuestMachines machines;
    private final JobBooks books;
    private final JobRegister register;
    private final CoreQueues cores;
    private final JobKeeper keeper;
    private final Adoption adoption;
    private final Waiting waiting;
    private final Clock clock;

    /** What decides whether a job begins at once, or where it waits. */
    record Waiting(Admission admission, Eligibility eligibility, BatchQueue queue, JobStarter starter) {}

    RunJobs(
            GuestMachines machines,
            JobBooks books,
            JobRegister register,
            CoreQueues cores,
            JobKeeper keeper,
            Adoption adoption,
            Waiting waiting,
            Clock clock) {
        this.machines = machines;
        this.books = books;
        this.register = register;
        this.cores = cores;
        this.keeper = keeper;
        this.adoption = adoption;
        this.waiting = waiting;
        this.clock = clock;
    }

    /** As {@link JobService#run}. */
    Job run(JobAccess seen, Caller caller, JobRequest request, JobListener listener) {
        Optional<JobRecord> known =
                request.key().isEmpty() ? Optional.empty() : register.byKey(caller.owner(), request.key());
        if (known.isPresent()) {
            return rejoin(seen, known.get(), caller, request, listener);
        }
        Admission.requireModest(caller, request.priority());
        Start start = plan(place(caller, request), request, caller);
        waiting.admission().enter(caller.owner(), 1);
        try {
            Job job = enter(caller, start.placement(), start.command(), Handover.of(request, false), listener);
            begin(seen, job, start);
            return job;
        } finally {
            waiting.admission().entered(caller.owner(), 1);
        }
    }

    /** As {@link JobService#serve}. */
    Job serve(Caller self, JobRequest request, JobListener listener) {
        Placement placement = Placement.of(machines, request);
        GuestCommand command = placement.ownCommand(request, self);
        int number = register.nextNumbers(1);
        List<Integer> inTheWay = cores.of(placement)
                .tryAcquire(number, command.cores(), placement.partition().cores());
        if (!inTheWay.isEmpty()) {
            throw placement.noFreeCore(command.cores(), inTheWay);
        }
        Job job = enter(number, self, placement, command, Handover.of(request, true), listener);
        job.start(placement.machine(), command, "");
        return job;
    }

    private Placement place(Caller caller, JobRequest request) {
        return Placement.of(new SeenMachines(machines, caller), request);
    }

    /** All that a job needs to be begun. */
    private record Start(Placement placement, GuestCommand command, String places) {}

    private static Start plan(Placement placement, JobRequest request, Caller caller) {
        GuestMachine machine = placement.machine();
        var lookup = new ProgramLookup(machine.name(), machine.mounts(), request.directory());
        return new Start(placement, placement.command(request, lookup, caller), lookup.places());
    }

    /** The caller had lost it. Whether it has been begun, its agent knows. */
    private Job rejoin(JobAccess seen, JobRecord record, Caller caller, JobRequest request, JobListener listener) {
        int number = record.number();
        Job job = register.live(number)
                .or(() -> record.state().isTerminal() ? adoption.leftover(record) : Optional.empty())
                .orElseGet(() -> new Job(record, books.oldLog(number), clock, Job.NOBODY));
        job.join(listener, request.reports());
        if (job.state() == JobState.PENDING && job.starting().claim()) {
            begin(seen, job, plan(place(caller, request), request, caller));
        } else {
            job.starting().whenUnbegun(machine -> beginAgain(machine, job, caller, request));
        }
        return job;
    }

    private static void beginAgain(GuestMachine machine, Job job, Caller caller, JobRequest request) {
        try {
            Start start = plan(Placement.on(machine, job.record()), request, caller);
            job.begin(machine, start.command(), start.places());
        } catch (HvmException e) {
            job.fail(e.getMessage());
        }
    }

    private Job enter(
            Caller caller, Placement placement, GuestCommand command, Handover handover, JobListener listener) {
        return enter(register.nextNumbers(1), caller, placement, command, handover, listener);
    }

    private Job enter(
            int number,
            Caller caller,
            Placement placement,
            GuestCommand command,
            Handover handover,
            JobListener listener) {
        var record = JobRecord.pending(
                number,
                caller.owner(),
                placement.machine().name(),
                placement.partition().name(),
                command.kind(),
                command.cores(),
                command.arguments(),
                command.directory(),
                clock.instant(),
                Optional.empty(),
                handover);
        var job = new Job(record, books.newLog(number), clock, listener);
        job.starting().claim();
        register.enter(job);
        listener.accepted(job);
        keeper.keep(job, Optional.empty());
        return job;
    }

    /** At once if it may, its cores are free and nobody is before it; else it waits in the queue with the others. */
    private void begin(JobAccess seen, Job job, Start start) {
        Placement placement = start.placement();
        JobRecord record = job.record();
        Runnable starter = () -> job.start(placement.machine(), start.command(), start.places());
        Optional<BatchQueue.Blocked> early = waiting.eligibility().notYet(record);
        List<Integer> before = waiting.queue().before(record);
        if (early.isEmpty() && before.isEmpty()) {
            before = cores.of(placement)
                    .tryAcquire(
                            record.number(),
                            record.cores(),
                            placement.partition().cores());
            if (before.isEmpty()) {
                starter.run();
                releaseIfOver(placement, job);
                return;
            }
            waiting.starter().dismissServers(before);
        }
        String others = seen.inWords(before);
        job.tellPending(early.map(blocked -> "waits: " + blocked.reason() + " (hvm why " + record.number() + ")")
                .orElseGet(() -> placement.waiting(record.cores(), others)));
        job.starting().later(starter);
        waiting.queue().add(List.of(record));
        if (job.state() != JobState.PENDING) {
            waiting.queue().forget(record.number()); // it was cancelled meanwhile
        }
    }

    /** It may have been cancelled before it had its cores. */
    private void releaseIfOver(Placement placement, Job job) {
        if (job.state().isTerminal()) {
            cores.of(placement).release(job.number());
        }
    }
}
