// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.hybridvm.Await.await;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.hybridvm.access.Caller;
import org.hybridvm.access.OwnIdentity;
import org.hybridvm.access.Role;
import org.hybridvm.store.Database;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What callers may see and do of each other's jobs. */
@Timeout(20)
class JobAccessTest {
    private static final Caller ADA = new Caller(1001, 1001, List.of(1001, 27), "ada", Role.USER);
    private static final Caller BOB = new Caller(1002, 1002, List.of(1002), "bob", Role.USER);
    private static final Caller LOOKER = new Caller(1001, 1001, List.of(), "ada", Role.VIEWER);
    private static final Caller OPERATOR = new Caller(1003, 1003, List.of(), "oda", Role.OPERATOR);

    @TempDir
    private Path folder;

    private Database database;
    private FakeMachine machine;
    private JobService jobs;

    @BeforeEach
    void setUp() throws IOException {
        machine = new FakeMachine("demo", 2).install("/bin/sleep", FakeMachine.Process::awaitSignal);
        database = Database.open(folder.resolve("hvm.db"));
        jobs = new JobService(
                FakeMachine.all(machine),
                OwnIdentity.ofThisProcess(),
                JobBooks.open(database, folder, Clock.systemUTC()),
                Clock.systemUTC());
    }

    @AfterEach
    void tearDown() {
        jobs.close();
        machine.close();
        database.close();
    }

    @Test
    void shouldRunAJobAsItsCallerAndRememberWhose() throws InterruptedException {
        int job = jobs.as(ADA).run(sleep(1), new RecordingListener()).number();
        await(() -> !machine.commands().isEmpty());
        assertThat(machine.commands().getFirst().identity())
                .isEqualTo(new GuestCommand.Identity(1001, 1001, List.of(1001, 27)));
        assertThat(jobs.find(job).toJson()).containsEntry("user", "ada").containsEntry("user_id", 1001L);
    }

    @Test
    void shouldBeginABatchJobAsTheOneWhoHandedItIn() throws InterruptedException {
        int job = submit(ADA, Map.of());
        await(() -> !machine.commands().isEmpty());
        assertThat(machine.commands().getFirst().identity())
                .isEqualTo(new GuestCommand.Identity(1001, 1001, List.of(1001, 27)));
        assertThat(JobRecord.fromJson(JsonObject.parse(Json.write(jobs.find(job).toJson())))
                        .owner())
                .isEqualTo(ADA.owner());
    }

    @Test
    void shouldTakeARecordWithoutAnOwnerForOnesOwn() throws InterruptedException {
        int job = jobs.as(ADA).run(sleep(1), new RecordingListener()).number();
        var old = new LinkedHashMap<>(jobs.find(job).toJson());
        old.remove("user");
        old.remove("user_id");
        assertThat(JobRecord.fromJson(JsonObject.parse(Json.write(old))).owner())
                .isEqualTo(OwnIdentity.ofThisProcess().owner());
    }

    @Test
    void shouldShowARunsOutputToItsOwnerAndAdministrators() throws InterruptedException {
        int job = jobs.as(ADA).run(sleep(1), new RecordingListener()).number();
        var admin = new Caller(1004, 1004, List.of(), "root", Role.ADMIN);
        assertThat(jobs.as(ADA).tail(job, OutputStreamKind.STDOUT))
                .isSameAs(jobs.as(admin).tail(job, OutputStreamKind.STDOUT));
        assertThatThrownBy(() -> jobs.as(OPERATOR).tail(job, OutputStreamKind.STDOUT))
                .isInstanceOfSatisfying(
                        HvmException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.FORBIDDEN))
                .hasMessageContaining("user ada");
    }

    @Test
    void shouldAnswerForAnothersJobExactlyAsForOneThatIsNotThere() throws InterruptedException {
        int job = submit(ADA, Map.of("--hold", ""));
        var actions = new ArrayList<BiConsumer<JobAccess, Integer>>(List.of(
                (own, number) -> own.find(number),
                (own, number) -> own.tasks(JobId.of(number)),
                JobAccess::why,
                JobAccess::cancel,
                JobAccess::requeue,
                (own, number) -> own.hold(number, false),
                (own, number) -> own.signal(number, 9),
                JobAccessTest::readLog,
                (own, number) -> own.tail(number, OutputStreamKind.STDOUT),
                (own, number) -> own.submit(submission(Map.of("--dependency", "afterany:" + number)))));
        for (BiConsumer<JobAccess, Integer> action : actions) {
            String absent = refusal(() -> action.accept(jobs.as(BOB), 77));
            assertThat(refusal(() -> action.accept(jobs.as(BOB), job))).isEqualTo(absent.replace("77", "" + job));
            assertThat(refusal(() -> action.accept(jobs.as(LOOKER), job))).contains("No such job");
        }
        assertThat(jobs.find(job).state()).isEqualTo(JobState.PENDING);
        assertThat(jobs.find(job).batch().orElseThrow().held()).isTrue();
    }

    @Test
    void shouldListOnlyOnesOwnJobsAndAllOfThemToAnOperator() throws InterruptedException {
        int first = submit(ADA, Map.of("--hold", ""));
        int second = submit(BOB, Map.of("--hold", ""));
        assertThat(numbers(ADA)).containsExactly(first);
        assertThat(numbers(BOB)).containsExactly(second);
        assertThat(numbers(LOOKER)).isEmpty();
        assertThat(numbers(OPERATOR)).containsExactly(first, second);
        jobs.as(OPERATOR).cancel(first).join();
        assertThat(jobs.find(first).state()).isEqualTo(JobState.CANCELLED);
    }

    @Test
    void shouldNotNameAnothersJobAsTheOneInTheWay() throws Exception {
        int job = jobs.as(ADA).run(sleep(2), new RecordingListener()).number();
        var listener = new RecordingListener();
        int own = jobs.as(BOB).run(sleep(1), listener).number();
        assertThat(listener.awaitPending())
                .isEqualTo("waits for 1 of 2 cores of demo/hrt (before it: a job of another user)");
        int waiting = submit(BOB, Map.of());
        await(() -> jobs.as(BOB).why(own).containsKey("blocked_by_others"));
        assertThat(jobs.as(BOB).why(own).get("blocked_by")).isEqualTo(List.of());
        await(() -> List.of(own).equals(jobs.as(BOB).why(waiting).get("blocked_by")));
        assertThat(jobs.as(OPERATOR).why(own).get("blocked_by")).isEqualTo(List.of(job));
    }

    @Test
    void shouldWaitForNobodyElsesJobOfTheSameName() throws InterruptedException {
        submit(ADA, Map.of("--job-name", "x", "--hold", ""));
        int own = submit(BOB, Map.of("--job-name", "x", "--dependency", "singleton"));
        await(() -> jobs.find(own).state() == JobState.RUNNING);
    }

    @Test
    void shouldAnswerForAVmOfOthersExactlyAsForOneThatIsNotThere() throws InterruptedException {
        machine.admit(caller -> caller.has(Role.OPERATOR) || caller.name().equals("ada"));
        String absent = refusal(() -> jobs.as(BOB).run(sleep("absent"), new RecordingListener()));
        assertThat(absent).startsWith("No such VM is up: absent. Allowed: none is up.");
        assertThat(refusal(() -> jobs.as(BOB).run(sleep("demo"), new RecordingListener())))
                .isEqualTo(absent.replace("absent", "demo"));
        assertThat(refusal(() -> submit(BOB, Map.of("--vm", "demo")))).isEqualTo(absent.replace("absent", "demo"));
        assertThat(refusal(() -> jobs.as(BOB).run(sleep(1), new RecordingListener())))
                .startsWith("No VM is up");
        assertThat(jobs.list()).isEmpty();
    }

    @Test
    void shouldLetOperatorsAndThoseWhoAreNamedUseAVm() throws InterruptedException {
        machine.admit(caller -> caller.has(Role.OPERATOR) || caller.name().equals("ada"));
        jobs.as(ADA).run(sleep("demo"), new RecordingListener());
        submit(OPERATOR, Map.of("--vm", "demo"));
        await(() -> machine.commands().size() == 2);
    }

    @Test
    void shouldLetAJobGoOnThatWasTakenBeforeItsUserWasShutOut() throws InterruptedException {
        int waiting = submit(BOB, Map.of("--hold", ""));
        machine.admit(caller -> false);
        jobs.as(BOB).hold(waiting, false).join();
        await(() -> jobs.find(waiting).state() == JobState.RUNNING);
    }

    @Test
    void shouldLetOnlyOperatorsRaiseAPriority() throws InterruptedException {
        assertThat(refusal(() -> submit(ADA, Map.of("--priority", "5"))))
                .isEqualTo("Only operators may raise a job's priority: 5. Allowed: 0 or less, by --nice."
                        + " Owner: the administrator of this host.");
        submit(ADA, Map.of("--nice", "5", "--hold", ""));
        submit(OPERATOR, Map.of("--priority", "5", "--hold", ""));
    }

    private static void readLog(JobAccess own, int number) {
        try {
            own.log(number);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private List<Integer> numbers(Caller caller) {
        return jobs.as(caller).list().stream().map(JobRecord::number).toList();
    }

    private static String refusal(ThrowingCallable action) {
        var caught = new ArrayList<Throwable>();
        assertThatThrownBy(action).isInstanceOf(HvmException.class).satisfies(caught::add);
        return caught.getFirst().getMessage();
    }

    private int submit(Caller caller, Map<String, String> options) {
        return jobs.as(caller).submit(submission(options)).join().jobs().getFirst();
    }

    private Submission submission(Map<String, String> options) {
        var all = new LinkedHashMap<>(options);
        all.replaceAll((name, value) -> value.isEmpty() ? null : value);
        all.put("--output", "/dev/null");
        return new Submission(Optional.empty(), "/bin/sleep", List.of(), Path.of("/"), List.of(), "", all, false);
    }

    private static JobRequest sleep(String vm) {
        return sleep(Optional.of(vm), 1);
    }

    private static JobRequest sleep(int cores) {
        return sleep(Optional.empty(), cores);
    }

    private static JobRequest sleep(Optional<String> vm, int cores) {
        return new JobRequest.Builder("/bin/sleep", List.of())
                .vm(vm)
                .cores(cores)
                .build();
    }
}
