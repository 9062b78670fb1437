// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.access.Caller;
import org.hybridvm.access.Role;
import org.hybridvm.store.Database;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JobServiceTest {
    private static final Caller CALLER = new Caller(1000, 1000, List.of(1000, 27), "ada", Role.ADMIN);

    @TempDir
    private Path folder;

    private Database database;
    private FakeMachine machine;
    private JobService jobs;
    private final RecordingListener listener = new RecordingListener();

    @BeforeEach
    void setUp() throws IOException {
        machine = new FakeMachine("demo", 2)
                .install("/bin/true", process -> 0)
                .install("/bin/false", process -> 1)
                .install("/bin/sleep", process -> process.awaitSignal())
                .installCatching("/bin/stubborn", process -> process.awaitSignal() + process.awaitSignal())
                .install("/bin/hello", process -> {
                    process.write(OutputStreamKind.STDOUT, "hello\n");
                    return 0;
                })
                .install("/bin/crash", process -> {
                    process.report("fault signal=11 name=SIGSEGV address=0x0");
                    process.kill(11);
                    return 0;
                });
        database = Database.open(folder.resolve("hvm.db"));
        jobs = service(FakeMachine.all(machine));
    }

    @AfterEach
    void tearDown() {
        jobs.close();
        machine.close();
        database.close();
    }

    @Test
    void shouldCompleteAProgramThatExitsWithZero() throws Exception {
        Job job = jobs.run(request("/bin/true"), listener);
        assertThat(listener.awaitEnd()).isEqualTo(new JobResult(JobState.COMPLETED, 0, 0, null));
        assertThat(listener.events).startsWith("accepted").endsWith("ended");
        assertThat(jobs.find(job.number()).state()).isEqualTo(JobState.COMPLETED);
    }

    @Test
    void shouldFailAProgramThatExitsWithAnotherStatus() throws Exception {
        jobs.run(request("/bin/false"), listener);
        assertThat(listener.awaitEnd()).isEqualTo(new JobResult(JobState.FAILED, 1, 0, null));
    }

    @Test
    void shouldHandOnOutputOnceItIsGranted() throws Exception {
        Job job = jobs.run(request("/bin/hello"), listener);
        job.grant(OutputStreamKind.STDOUT, 0, 100);
        listener.awaitEnd();
        assertThat(listener.output()).isEqualTo("hello\n");
    }

    @Test
    void shouldTellTheSignalThatEndedAProgramAndKeepItsReport() throws Exception {
        Job job = jobs.run(request("/bin/crash"), listener);
        JobResult result = listener.awaitEnd();
        assertThat(result).isEqualTo(JobResult.signalled(JobState.FAILED, 11, null));
        assertThat(result.status()).isEqualTo(139);
        assertThat(listener.reports).containsExactly("fault signal=11 name=SIGSEGV address=0x0");
        assertThat(jobs.log(job.number())).contains("fault signal=11");
    }

    @Test
    void shouldGiveTheGuestsReasonForAProgramThatItDoesNotFind() throws Exception {
        jobs.run(request("/usr/bin/nothing"), listener);
        assertThat(listener.awaitEnd())
                .isEqualTo(
                        new JobResult(
                                JobState.FAILED,
                                127,
                                0,
                                "No such file or directory: /usr/bin/nothing. Allowed: programs of the guest (/bin/busybox); the VM has no mounts"));
    }

    @Test
    void shouldCancelARunningJobByASignal() throws Exception {
        Job job = jobs.run(request("/bin/sleep"), listener);
        listener.awaitRunning();
        jobs.signal(job.number(), 15);
        assertThat(listener.awaitEnd()).isEqualTo(JobResult.signalled(JobState.CANCELLED, 15, null));
    }

    @Test
    void shouldFailTheJobsOfALostGuestAndNameTheReason() throws Exception {
        jobs.run(request("/bin/sleep"), listener);
        listener.awaitRunning();
        machine.lose("QEMU of demo was ended by SIGKILL");
        assertThat(listener.awaitEnd())
                .isEqualTo(JobResult.failed(JobState.NODE_FAIL, "QEMU of demo was ended by SIGKILL"));
    }

    @Test
    void shouldLetAJobWaitForCoresAndNameWhoHasThem() throws Exception {
        Job first = jobs.run(request("/bin/sleep"), listener);
        var second = new RecordingListener();
        jobs.run(request("/bin/true", 2), second);
        assertThat(second.awaitPending()).isEqualTo("waits for 2 of 2 cores of demo/hrt (before it: job 1)");
        first.signal(9);
        assertThat(second.awaitEnd().state()).isEqualTo(JobState.COMPLETED);
        assertThat(second.events).containsExactly("accepted", "pending", "running", "ended");
    }

    @Test
    void shouldCancelAJobThatWaits() throws Exception {
        var first = new RecordingListener();
        jobs.run(request("/bin/sleep", 2), first);
        Job waiting = jobs.run(request("/bin/true"), listener);
        waiting.signal(15);
        assertThat(listener.awaitEnd().state()).isEqualTo(JobState.CANCELLED);
        first.awaitRunning();
        jobs.close();
        assertThat(machine.commands()).hasSizeLessThan(2);
    }

    @Test
    void shouldEndAJobAtItsTimeLimit() throws Exception {
        jobs.run(request("/bin/sleep", 1, Optional.of(Duration.ofMillis(20))), listener);
        assertThat(listener.awaitEnd()).isEqualTo(JobResult.signalled(JobState.TIMEOUT, 15, "the time limit was over"));
    }

    @Test
    void shouldKillAJobThatIgnoresTheEndOfItsTime() throws Exception {
        jobs.run(request("/bin/stubborn", 1, Optional.of(Duration.ofMillis(20))), listener);
        assertThat(listener.awaitEnd().signal()).isEqualTo(9);
    }

    @Test
    void shouldRunInTheLinuxPartitionWithoutAskingForCores() throws Exception {
        jobs.run(linux("/bin/true"), listener);
        listener.awaitEnd();
        assertThat(machine.commands().getFirst())
                .isEqualTo(new GuestCommand(
                        "linux",
                        PartitionKind.LINUX,
                        0,
                        Set.of(),
                        List.of("/bin/true"),
                        List.of("A=1"),
                        "/",
                        GuestCommand.Identity.of(CALLER)));
    }

    @Test
    void shouldRefuseMoreCoresThanThePartitionHas() {
        assertThatThrownBy(() -> jobs.run(request("/bin/true", 3), listener))
                .hasMessage(
                        "The partition does not have that many cores: 3. Allowed: 1 to 2. Owner: demo/hrt. Try: hvm run "
                                + "--cores 2 ..., or a layout with more cores");
    }

    @Test
    void shouldRefuseAnUnknownVm() {
        JobRequest request = new JobRequest.Builder("/bin/true", List.of())
                .vm(Optional.of("other"))
                .build();
        assertThatThrownBy(() -> jobs.run(request, listener))
                .hasMessage("No such VM is up: other. Allowed: demo. Try: hvm list");
    }

    @Test
    void shouldAskForAVmIfNoneIsUp() throws IOException {
        try (JobService none = service(FakeMachine.all())) {
            assertThatThrownBy(() -> none.run(request("/bin/true"), listener))
                    .hasMessage("No VM is up. Try: hvm launch")
                    .extracting(error -> ((HvmException) error).code())
                    .isEqualTo(ErrorCode.NO_VM);
        }
    }

    @Test
    void shouldAskWhichOfSeveralVms() throws IOException {
        try (JobService several = service(FakeMachine.all(new FakeMachine("a", 1), new FakeMachine("b", 1)))) {
            assertThatThrownBy(() -> several.run(request("/bin/true"), listener))
                    .hasMessage("Several VMs are up and none was named. Allowed: a, b. Try: hvm run --vm a -- PROGRAM");
        }
    }

    @Test
    void shouldRefuseASignalToAJobThatHasEnded() throws Exception {
        Job job = jobs.run(request("/bin/true"), listener);
        listener.awaitEnd();
        assertThatThrownBy(() -> jobs.signal(job.number(), 15))
                .hasMessage("The job has ended: 1 (COMPLETED). Allowed: PENDING, RUNNING.");
    }

    @Test
    void shouldNotUseANumberTwiceAfterARestart() throws Exception {
        jobs.run(request("/bin/true"), listener);
        listener.awaitEnd();
        jobs.close();
        jobs = service(FakeMachine.all(machine));
        assertThat(jobs.run(request("/bin/true"), new RecordingListener()).number())
                .isEqualTo(2);
        assertThat(jobs.find(1).state()).isEqualTo(JobState.COMPLETED);
    }

    @Test
    void shouldAnswerOnceAllJobsOfTheLastServiceAreRead() throws Exception {
        jobs.run(request("/bin/true"), listener);
        listener.awaitEnd();
        jobs.close();
        var reading = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        CompletableFuture.runAsync(() -> database.read(connection -> {
            reading.countDown();
            return awaitQuietly(goOn);
        }));
        reading.await();
        jobs = service(FakeMachine.all(machine));
        assertThat(jobs.isOpen()).isFalse();
        var list = CompletableFuture.supplyAsync(jobs::list);
        goOn.countDown();
        assertThat(list.get(10, TimeUnit.SECONDS)).extracting(JobRecord::number).containsExactly(1);
        assertThat(jobs.isOpen()).isTrue();
    }

    private static boolean awaitQuietly(CountDownLatch latch) {
        try {
            return latch.await(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private JobService service(GuestMachines machines) throws IOException {
        return new JobService(machines, CALLER, JobBooks.open(database, folder, Clock.systemUTC()), Clock.systemUTC());
    }

    private static JobRequest request(String program) {
        return request(program, 1);
    }

    private static JobRequest request(String program, int cores) {
        return request(program, cores, Optional.empty());
    }

    private static JobRequest linux(String program) {
        return request(program, PartitionKind.LINUX, 0, Optional.empty());
    }

    private static JobRequest request(String program, int cores, Optional<Duration> limit) {
        return request(program, PartitionKind.HRT, cores, limit);
    }

    private static JobRequest request(String program, PartitionKind kind, int cores, Optional<Duration> limit) {
        return new JobRequest.Builder(program, List.of())
                .kind(kind)
                .cores(cores)
                .environment(List.of("A=1"))
                .timeLimit(limit)
                .build();
    }
}
