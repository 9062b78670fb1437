// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.hybridvm.Await.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.hybridvm.access.Caller;
import org.hybridvm.access.OwnIdentity;
import org.hybridvm.access.Quotas;
import org.hybridvm.access.Role;
import org.hybridvm.store.Database;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class BatchServiceTest {
    @TempDir
    private Path folder;

    private final CountDownLatch gate = new CountDownLatch(1);
    private Database database;
    private FakeMachine machine;
    private JobService jobs;

    @BeforeEach
    void setUp() throws IOException {
        folder = folder.toRealPath();
        machine = new FakeMachine("demo", 2, folder)
                .install("/bin/true", process -> 0)
                .install("/bin/false", process -> 1)
                .install("/bin/gate", process -> {
                    gate.await();
                    return 0;
                })
                .install("/bin/sleep", process -> process.awaitSignal())
                .installCatching("/bin/trap", process -> {
                    process.write(OutputStreamKind.STDOUT, "signal " + process.awaitSignal() + "\n");
                    return 0;
                })
                .install("/bin/sh", process -> {
                    process.write(
                            OutputStreamKind.STDOUT,
                            String.join("|", process.command().arguments()));
                    process.write(OutputStreamKind.STDERR, "wrong\n");
                    return 3;
                })
                .install("/bin/cat", FakeMachine::cat);
        database = Database.open(folder.resolve("hvm.db"));
        jobs = service();
    }

    @AfterEach
    void tearDown() {
        jobs.close();
        machine.close();
        database.close();
    }

    @Test
    void shouldRunAScriptAndWriteItsStreamsIntoFiles() throws Exception {
        String script = "#!/bin/sh\n#SBATCH -J my --output=%x.%j.txt\n#HVM --error %j.err\necho hi\n";
        int job = submit(Optional.of(script), "/x/job.sh", Map.of());
        assertThat(end(job)).isEqualTo(JobState.FAILED);
        assertThat(jobs.find(job).result().orElseThrow().exitCode()).isEqualTo(3);
        assertThat(folder.resolve("my.1.txt")).hasContent("/bin/sh|-c|" + script + "|/x/job.sh|a");
        assertThat(folder.resolve("1.err")).hasContent("wrong");
        assertThat(jobs.find(job).arguments()).containsExactly("/x/job.sh", "a");
    }

    @Test
    void shouldNotCancelAJobThatWaitsByASignalThatItsProgramWouldHandle() throws Exception {
        int held = submit("/bin/true", Map.of("--hold", "", "--output", "/dev/null"));
        assertThatThrownBy(() -> jobs.signal(held, 10))
                .hasMessageStartingWith("The job waits and would not get the signal: " + held + " (PENDING).");
        assertThatThrownBy(() -> jobs.signal(held, (1L << 32) + 9))
                .hasMessageStartingWith("No such signal: 4294967305.");
        assertThat(jobs.find(held).state()).isEqualTo(JobState.PENDING);
        jobs.signal(held, 15);
        assertThat(end(held)).isEqualTo(JobState.CANCELLED);
    }

    /** Killed by a signal that was meant for its handler, which it lacks: it has failed. */
    @Test
    void shouldCallAJobCancelledOnlyIfItsEndWasAskedFor() throws Exception {
        int job = submit("/bin/sleep", Map.of("--output", "/dev/null"));
        await(() -> jobs.find(job).state() == JobState.RUNNING);
        jobs.signal(job, 10);
        assertThat(end(job)).isEqualTo(JobState.FAILED);
    }

    @Test
    void shouldTellAJobItsOwnNumberThoughItsCallerHasAnother() {
        int job = submit("/bin/true", Map.of("--hold", "", "--output", "/dev/null"));
        assertThat(BatchPlan.environment(jobs.find(job), List.of("SLURM_JOB_ID=99", "A=1=2")))
                .contains("SLURM_JOB_ID=" + job, "A=1=2")
                .doesNotContain("SLURM_JOB_ID=99");
    }

    @Test
    void shouldRefuseAnEnvironmentThatNoJobCouldBeBegunWith() {
        var submission = new Submission(
                Optional.empty(),
                "/bin/true",
                List.of(),
                folder,
                List.of("A=" + "x".repeat(70_000)),
                "",
                Map.of(),
                false);
        assertThatThrownBy(() -> jobs.submit(submission).join())
                .hasMessageStartingWith(
                        "Script, arguments and environment are too long: 70010 bytes. Allowed: at most");
    }

    @Test
    void shouldRefuseAWordThatNoProgramCanGet() {
        var submission =
                new Submission(Optional.empty(), "/bin/true", List.of("a\0b"), folder, List.of(), "", Map.of(), false);
        assertThatThrownBy(() -> jobs.submit(submission).join())
                .hasMessageStartingWith("A word of the job has a character NUL: a\\0b.");
    }

    @Test
    void shouldFeedAFileToStandardInput() throws Exception {
        Files.writeString(folder.resolve("in"), "line\n".repeat(100_000));
        int job = submit("/bin/cat", Map.of("--input", "in", "--output", "out"));
        assertThat(end(job)).isEqualTo(JobState.COMPLETED);
        assertThat(folder.resolve("out")).hasSameBinaryContentAs(folder.resolve("in"));
    }

    /** Jobs of the Linux partition take no cores, and an agent that is given too many refuses them. */
    @Test
    void shouldLetJobsWaitThatTheAgentCouldNotKeep() throws Exception {
        int most = 96;
        var numbers = new ArrayList<Integer>();
        for (int job = 0; job < most + 4; job++) {
            numbers.add(submit("/bin/gate", Map.of("--linux", "", "--output", "/dev/null")));
        }
        await(() -> reason(numbers.get(most)).equals("Resources"));
        assertThat(numbers.subList(0, most)).allMatch(job -> jobs.find(job).state() == JobState.RUNNING);
        assertThat(numbers.subList(most, most + 4))
                .allMatch(job -> jobs.find(job).state() == JobState.PENDING);
        gate.countDown();
        for (int job : numbers) {
            assertThat(end(job)).isEqualTo(JobState.COMPLETED);
        }
    }

    @Test
    void shouldStartADependentJobOnlyAfterItsEnd() throws Exception {
        int first = submit("/bin/gate", Map.of());
        int ok = submit("/bin/true", Map.of("--dependency", "afterok:" + first));
        int notOk = submit("/bin/true", Map.of("--dependency", "afternotok:" + first));
        await(() -> reason(ok).equals("Dependency"));
        assertThat(jobs.why(ok)).containsEntry("blocked_by", List.of(first));
        gate.countDown();
        assertThat(end(ok)).isEqualTo(JobState.COMPLETED);
        await(() -> reason(notOk).equals("DependencyNeverSatisfied"));
    }

    @Test
    void shouldHoldAndReleaseAJob() throws Exception {
        int job = submit("/bin/true", Map.of("--hold", ""));
        await(() -> reason(job).equals("JobHeldUser"));
        jobs.hold(job, false).join();
        assertThat(end(job)).isEqualTo(JobState.COMPLETED);
    }

    @Test
    void shouldLetAShortJobPassOneThatWaitsButNoLongOne() throws Exception {
        submit("/bin/gate", Map.of("--time", "60"));
        int wide = submit("/bin/true", Map.of("--cores", "2"));
        int unlimited = submit("/bin/true", Map.of());
        int tooLong = submit("/bin/true", Map.of("--time", "120"));
        int shortJob = submit("/bin/true", Map.of("--time", "1"));
        assertThat(end(shortJob)).isEqualTo(JobState.COMPLETED);
        assertThat(reason(wide)).isEqualTo("Resources");
        assertThat(jobs.why(wide)).containsKey("estimated_start");
        assertThat(reason(unlimited)).isEqualTo("Priority");
        assertThat(reason(tooLong)).isEqualTo("Priority");
        gate.countDown();
        assertThat(end(wide)).isEqualTo(JobState.COMPLETED);
        assertThat(end(tooLong)).isEqualTo(JobState.COMPLETED);
    }

    @Test
    void shouldRunTheTasksOfAnArrayWithinItsLimit() throws Exception {
        int first = submit("/bin/gate", Map.of("--array", "1-5:2%1", "--output", "%A.%a"));
        assertThat(jobs.tasks(JobId.of(first))).hasSize(3);
        await(() -> jobs.find(first).state() == JobState.RUNNING);
        await(() -> reason(first + 1).equals("JobArrayTaskLimit"));
        gate.countDown();
        assertThat(end(first + 2)).isEqualTo(JobState.COMPLETED);
        assertThat(folder.resolve(first + ".5")).exists();
        assertThat(machine.commands().getLast().environment())
                .contains("SLURM_ARRAY_TASK_ID=5", "HVM_ARRAY_JOB_ID=" + first)
                .contains("SLURM_ARRAY_TASK_COUNT=3", "SLURM_ARRAY_TASK_MIN=1", "HVM_ARRAY_TASK_MAX=5");
    }

    @Test
    void shouldTakeATaskByItsArrayAndIndex() throws Exception {
        int first = submit("/bin/true", Map.of("--array", "1-5:2", "--hold", "", "--output", "%a"));
        int other = submit("/bin/true", Map.of("--dependency", "afterok:" + first + "_3"));
        assertThat(jobs.tasks(JobId.parse(first + "_3")))
                .extracting(JobRecord::number)
                .containsExactly(first + 1);
        assertThatThrownBy(() -> jobs.tasks(JobId.parse(first + "_2"))).hasMessageStartingWith("No such job: " + first);
        await(() -> reason(other).equals("Dependency"));
        jobs.hold(first + 1, false).join();
        assertThat(end(other)).isEqualTo(JobState.COMPLETED);
        assertThat(jobs.find(first).state()).isEqualTo(JobState.PENDING);
    }

    @Test
    void shouldLetARunTakeItsPlaceInTheQueue() throws Exception {
        submit("/bin/gate", Map.of("--time", "60"));
        int wide = submit("/bin/true", Map.of("--cores", "2"));
        await(() -> reason(wide).equals("Resources"));
        var listener = new RecordingListener();
        Job run = jobs.run(run("/bin/sleep", Optional.empty()), listener);
        assertThat(listener.awaitPending())
                .isEqualTo("waits for 1 of 2 cores of demo/hrt (before it: job " + wide + ")");
        await(() -> reason(run.number()).equals("Priority"));
        int later = submit("/bin/true", Map.of("--cores", "2"));
        var brief = new RecordingListener();
        jobs.run(run("/bin/true", Optional.of(Duration.ofSeconds(1))), brief);
        assertThat(brief.awaitEnd().state()).isEqualTo(JobState.COMPLETED); // it fits before the wide one can start
        gate.countDown();
        assertThat(end(wide)).isEqualTo(JobState.COMPLETED);
        listener.awaitRunning();
        await(() -> reason(later).equals("Resources"));
        jobs.signal(run.number(), 15);
        assertThat(end(later)).isEqualTo(JobState.COMPLETED);
    }

    @Test
    void shouldNotLetLowerBatchJobsPassARunThatWaits() throws Exception {
        int running = submit("/bin/sleep", Map.of("--cores", "2"));
        await(() -> jobs.find(running).state() == JobState.RUNNING);
        Job run = jobs.run(run("/bin/sleep", Optional.empty(), 2), new RecordingListener());
        int lower = submit("/bin/true", Map.of("--nice", "5"));
        int higher = submit("/bin/gate", Map.of("--priority", "5"));
        await(() -> reason(run.number()).equals("Priority") && reason(lower).equals("Priority"));
        jobs.cancel(running).join();
        await(() -> jobs.find(higher).state() == JobState.RUNNING
                && reason(run.number()).equals("Resources"));
        jobs.cancel(run.number()).join();
        assertThat(end(run.number())).isEqualTo(JobState.CANCELLED);
        assertThat(end(lower)).isEqualTo(JobState.COMPLETED);
        gate.countDown();
    }

    @Test
    void shouldStartRunsByTheirPriorityToo() throws Exception {
        int running = submit("/bin/sleep", Map.of("--cores", "2"));
        await(() -> jobs.find(running).state() == JobState.RUNNING);
        Job nice = jobs.run(prior(-5), new RecordingListener());
        int batch = submit("/bin/true", Map.of("--cores", "2"));
        Job first = jobs.run(prior(5), new RecordingListener());
        await(() -> reason(nice.number()).equals("Priority") && reason(batch).equals("Priority"));
        assertThat(reason(first.number())).isEqualTo("Resources");
        jobs.cancel(running).join();
        await(() -> jobs.find(first.number()).state() == JobState.RUNNING);
        jobs.cancel(first.number()).join();
        assertThat(end(batch)).isEqualTo(JobState.COMPLETED);
        await(() -> jobs.find(nice.number()).state() == JobState.RUNNING);
    }

    @Test
    void shouldLetOnlyOperatorsRunBeforeOthers() {
        var ada = new Caller(1001, 1001, List.of(), "ada", Role.USER);
        assertThatThrownBy(() -> jobs.as(ada).run(prior(1), new RecordingListener()))
                .isInstanceOfSatisfying(
                        HvmException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.FORBIDDEN))
                .hasMessageContaining("by --nice");
        assertThat(jobs.list()).isEmpty();
    }

    @Test
    void shouldHoldUsersToTheirQuotas() throws Exception {
        jobs.close();
        jobs = new JobService(
                FakeMachine.all(machine),
                OwnIdentity.ofThisProcess(),
                new Quotas(
                        Quotas.Limits.NONE,
                        Map.of(
                                "ada",
                                        new Quotas.Limits(
                                                Optional.of(3), Optional.of(1), Optional.empty(), Optional.empty()),
                                "bob",
                                        new Quotas.Limits(
                                                Optional.empty(), Optional.empty(), Optional.of(1), Optional.empty())),
                        owner -> true),
                books(),
                Clock.systemUTC());
        JobAccess ada = jobs.as(new Caller(1001, 1001, List.of(), "ada", Role.USER));
        JobAccess bob = jobs.as(new Caller(1002, 1002, List.of(), "bob", Role.USER));
        int first = submit(ada, "/bin/gate", Map.of());
        await(() -> jobs.find(first).state() == JobState.RUNNING);
        int second = submit(ada, "/bin/true", Map.of());
        Job third = ada.run(run("/bin/true", Optional.empty()), new RecordingListener());
        await(() -> reason(second).equals("QOSMaxJobsPerUserLimit")
                && reason(third.number()).equals("QOSMaxJobsPerUserLimit"));
        assertThatThrownBy(() -> submit(ada, "/bin/true", Map.of()))
                .hasMessageStartingWith(
                        "The user may not have that many jobs at a time: 3 and 1 more. Allowed: at most 3");
        assertThatThrownBy(() -> ada.run(run("/bin/true", Optional.empty()), new RecordingListener()))
                .hasMessageContaining("user ada");
        int wide = submit(bob, "/bin/true", Map.of("--cores", "2"));
        await(() -> reason(wide).equals("QOSMaxCpuPerUserLimit"));
        assertThat(end(submit(bob, "/bin/true", Map.of()))).isEqualTo(JobState.COMPLETED);
        gate.countDown();
        assertThat(end(second)).isEqualTo(JobState.COMPLETED);
        assertThat(end(third.number())).isEqualTo(JobState.COMPLETED);
    }

    @Test
    void shouldTellThatAJobWasOutOfMemory() throws Exception {
        machine.install("/bin/hog", process -> {
            process.report("resources peak=4194304 memory=0 limit=4194304 oom_kills=1 cpu_us=1500");
            process.kill(9);
            return 0;
        });
        int job = submit("/bin/hog", Map.of("--mem", "4M"));
        assertThat(end(job)).isEqualTo(JobState.OUT_OF_MEMORY);
        JobRecord record = jobs.find(job);
        assertThat(machine.commands().getLast().memory()).isEqualTo(4 << 20);
        assertThat(record.result().orElseThrow().reason())
                .isEqualTo("out of memory: it had 4 MiB at most, its limit is 4 MiB (--mem)");
        assertThat(JobRecord.fromJson(JsonObject.parse(Json.write(record.toStored()))))
                .isEqualTo(record);
        assertThat(jobs.stat(job)).containsEntry("peak_memory_bytes", 4194304L).containsEntry("cpu_time_us", 1500L);
    }

    @Test
    void shouldGiveHrtCoresToALinuxScriptThatAsksForThem() throws Exception {
        int job = submit("/bin/gate", Map.of("--linux", "", "--cores", "2"));
        await(() -> jobs.find(job).state() == JobState.RUNNING);
        int other = submit("/bin/true", Map.of());
        await(() -> reason(other).equals("Resources"));
        gate.countDown();
        assertThat(end(other)).isEqualTo(JobState.COMPLETED);
        GuestCommand command = machine.commands().getFirst();
        assertThat(command.kind()).isEqualTo(PartitionKind.LINUX);
        assertThat(command.environment())
                .contains("HVM_JOB_KIND=linux", "HVM_CORES=2", "HVM_PARTITION=hrt", "SLURM_JOB_PARTITION=hrt")
                .anyMatch(one -> one.startsWith("PATH=/hvm/lib/hvm/slurm:"));
    }

    @Test
    void shouldRefuseOutputBelowAReadOnlyMount() throws Exception {
        Path data = Files.createDirectory(folder.resolve("data"));
        machine.mountReadOnly(data);
        assertThatThrownBy(() -> submit("/bin/true", Map.of("--output", "data/out")))
                .hasMessageStartingWith("The job may not write there: the mount is read-only: " + data.resolve("out"));
        Files.createSymbolicLink(folder.resolve("link"), data);
        assertThatThrownBy(() -> submit("/bin/true", Map.of("--error", "link/err")))
                .hasMessageStartingWith("The job may not write there: the mount is read-only: ");
        Files.writeString(data.resolve("in"), "read");
        assertThat(end(submit("/bin/cat", Map.of("--input", "data/in")))).isEqualTo(JobState.COMPLETED);
    }

    @Test
    void shouldCancelAJobThatWaitsAndOneThatRuns() throws Exception {
        int running = submit("/bin/trap", Map.of());
        int waiting = submit("/bin/true", Map.of("--begin", "now+1hour"));
        await(() -> jobs.find(running).state() == JobState.RUNNING);
        await(() -> reason(waiting).equals("BeginTime"));
        jobs.cancel(waiting).join();
        jobs.cancel(running).join();
        assertThat(end(waiting)).isEqualTo(JobState.CANCELLED);
        assertThat(end(running)).isEqualTo(JobState.CANCELLED);
        assertThatThrownBy(() -> jobs.cancel(running)).hasMessageContaining("CANCELLED");
    }

    @Test
    void shouldRequeueARunningJobUnderItsNumber() throws Exception {
        int job = submit("/bin/sleep", Map.of());
        await(() -> jobs.find(job).state() == JobState.RUNNING);
        jobs.requeue(job).join();
        await(() -> machine.commands().size() == 2);
        assertThat(jobs.find(job).batch().orElseThrow().restarts()).isEqualTo(1);
    }

    @Test
    void shouldKeepWaitingJobsOverARestartAndGoOnWithThoseThatRun() throws Exception {
        int running = submit("/bin/gate", Map.of());
        await(() -> jobs.find(running).state() == JobState.RUNNING
                && machine.commands().size() == 1);
        int held = submit("/bin/true", Map.of("--hold", ""));
        jobs.close();
        machine.disconnect();
        machine.connect();
        jobs = service();
        assertThat(jobs.find(running).state()).isEqualTo(JobState.RUNNING);
        jobs.hold(held, false).join();
        assertThat(end(held)).isEqualTo(JobState.COMPLETED);
        gate.countDown();
        assertThat(end(running)).isEqualTo(JobState.COMPLETED);
        assertThat(machine.commands()).hasSize(2);
    }

    @Test
    void shouldRefuseFilesThatTheGuestDoesNotSee() {
        assertThatThrownBy(() -> submit("/bin/true", Map.of("--output", "/elsewhere/out")))
                .hasMessageStartingWith(
                        "A file of the job is outside the VM's mounts: /elsewhere/out. Allowed: " + folder);
        assertThatThrownBy(() -> submit("/bin/true", Map.of("--input", "../in")))
                .hasMessageStartingWith("A file of the job is outside the VM's mounts: ");
        assertThat(jobs.list()).isEmpty();
    }

    @Test
    void shouldFailAJobWhoseOutputCannotBeOpened() throws Exception {
        int job = submit(Optional.of("#!/bin/sh\n"), "job.sh", Map.of("--output", "nowhere/out"));
        assertThat(end(job)).isEqualTo(JobState.FAILED);
        assertThat(jobs.find(job).result().orElseThrow().reason())
                .contains("cannot open")
                .contains("nowhere/out");
        assertThat(jobs.find(job).result().orElseThrow().exitCode()).isEqualTo(125);
    }

    @Test
    void shouldNameFileAndLineOfAnUnknownOption() {
        assertThatThrownBy(() -> submit(Optional.of("#!/bin/sh\n\n#SBATCH --tiem=3\n"), "job.sh", Map.of()))
                .isInstanceOf(HvmException.class)
                .hasMessageStartingWith("job.sh:3: Unknown option: --tiem. Allowed: array, begin");
        assertThatThrownBy(() -> submit(Optional.of("#!/bin/sh\n#SBATCH --time=soon\n"), "job.sh", Map.of()))
                .hasMessageStartingWith("job.sh:2: --time does not fit: soon. Allowed: MINUTES");
        assertThat(jobs.list()).isEmpty();
    }

    @Test
    void shouldRefuseASubmissionThatCannotBeKept() {
        limitPages(1);
        assertThatThrownBy(() -> submit(Optional.of("#!/bin/sh\n" + "# long\n".repeat(6000)), "job.sh", Map.of()))
                .cause()
                .hasMessageContaining("takes no new work");
        limitPages(1_000_000);
        assertThat(jobs.list()).isEmpty();
    }

    private void limitPages(int pages) {
        database.write(connection -> {
                    try (var statement = connection.createStatement()) {
                        return statement.execute("PRAGMA max_page_count = " + pages);
                    }
                })
                .join();
    }

    private int submit(String program, Map<String, String> options) {
        return submit(Optional.empty(), program, options);
    }

    private int submit(Optional<String> script, String program, Map<String, String> options) {
        var submission = new Submission(script, program, List.of("a"), folder, List.of("A=1"), "", options, false);
        return jobs.submit(submission).join().jobs().getFirst();
    }

    private int submit(JobAccess own, String program, Map<String, String> options) {
        var submission = new Submission(Optional.empty(), program, List.of(), folder, List.of(), "", options, false);
        return own.submit(submission).join().jobs().getFirst();
    }

    private JobRequest run(String program, Optional<Duration> limit) {
        return run(program, limit, 1);
    }

    private JobRequest run(String program, Optional<Duration> limit, int cores) {
        return new JobRequest.Builder(program, List.of())
                .cores(cores)
                .directory(folder)
                .timeLimit(limit)
                .build();
    }

    private JobRequest prior(int priority) {
        return new JobRequest.Builder("/bin/sleep", List.of())
                .cores(2)
                .priority(priority)
                .build();
    }

    private String reason(int job) {
        return jobs.reason(jobs.find(job)).orElse("");
    }

    private JobState end(int job) throws InterruptedException {
        await(() -> jobs.find(job).state().isTerminal());
        return jobs.find(job).state();
    }

    private JobService service() throws IOException {
        return new JobService(FakeMachine.all(machine), OwnIdentity.ofThisProcess(), books(), Clock.systemUTC());
    }

    private JobBooks books() throws IOException {
        return JobBooks.open(database, folder.resolve("jobs"), Clock.systemUTC());
    }
}
