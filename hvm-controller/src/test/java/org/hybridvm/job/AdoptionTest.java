// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hybridvm.Await.await;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.hybridvm.access.Caller;
import org.hybridvm.access.Role;
import org.hybridvm.store.Database;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A service ends without a word, and another one finds its jobs in the guest, or does not. */
@Timeout(60)
class AdoptionTest {
    private static final Caller ADA = new Caller(1001, 1001, List.of(1001), "ada", Role.USER);

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
                .install("/bin/gate", process -> {
                    process.report("started cores=1");
                    gate.await();
                    process.report("refused errno=5 reason=no more");
                    return 3;
                })
                .install("/bin/true", process -> 0)
                .install("/bin/cat", FakeMachine::cat)
                .installCatching("/bin/stubborn", process -> process.awaitSignal() * 1000 + process.awaitSignal());
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
    void shouldGoOnWithABatchJobItsLogAndItsCores() throws Exception {
        int job = submit("/bin/gate", Map.of("--cores", "2"));
        await(() -> log(job).contains("started"));
        int next = submit("/bin/true", Map.of());
        restart(true);
        assertThat(jobs.find(job).state()).isEqualTo(JobState.RUNNING);
        await(() -> jobs.reason(jobs.find(next)).equals(Optional.of("Resources")));
        gate.countDown();
        assertThat(end(job).result().orElseThrow()).isEqualTo(new JobResult(JobState.FAILED, 3, 0, "no more"));
        assertThat(log(job).lines().map(line -> line.substring(line.indexOf(' ') + 1)))
                .containsExactly("started cores=1", "refused errno=5 reason=no more");
        assertThat(end(next).state()).isEqualTo(JobState.COMPLETED);
        assertThat(machine.commands()).hasSize(2);
        await(() -> machine.kept().isEmpty());
    }

    @Test
    void shouldTellTheTrueEndOfAJobThatEndedMeanwhile() throws Exception {
        int job = submit("/bin/gate", Map.of());
        await(() -> log(job).contains("started"));
        jobs.close();
        machine.disconnect();
        gate.countDown();
        await(() -> machine.kept().size() == 1);
        jobs = service();
        assertThat(jobs.find(job).state()).isEqualTo(JobState.RUNNING); // until its agent answers
        machine.connect();
        assertThat(end(job).result().orElseThrow().exitCode()).isEqualTo(3);
    }

    @Test
    void shouldFailTheJobsOfAnAgentThatDied() throws Exception {
        int job = submit("/bin/gate", Map.of());
        await(() -> log(job).contains("started"));
        jobs.close();
        machine.restartAgent();
        jobs = service();
        assertThat(end(job).state()).isEqualTo(JobState.NODE_FAIL);
        assertThat(jobs.find(job).result().orElseThrow().reason()).contains("started anew");
    }

    @Test
    void shouldFailTheJobsOfAVmThatIsGone() throws Exception {
        int job = submit("/bin/gate", Map.of());
        await(() -> log(job).contains("started"));
        jobs.close();
        machine.lose("QEMU died");
        jobs = service();
        assertThat(end(job).result()).contains(JobResult.failed(JobState.NODE_FAIL, "QEMU died"));
    }

    @Test
    void shouldGoOnBehindAnotherChannelOfTheSameHvmd() throws Exception {
        int job = submit("/bin/gate", Map.of());
        await(() -> log(job).contains("started"));
        machine.disconnect();
        machine.connect();
        gate.countDown();
        assertThat(end(job).result().orElseThrow().exitCode()).isEqualTo(3);
        assertThat(log(job).lines()).hasSize(2);
    }

    /** RUNNING is on disk, and hvmd ends before the agent hears of it. */
    @Test
    void shouldBeginAJobThatTheAgentHasNeverBeenGiven() throws Exception {
        int job = submit("/bin/true", Map.of("--hold", ""));
        JobRecord running = jobs.find(job)
                .running(
                        Instant.parse("2026-01-02T03:04:05Z"),
                        machine.greeting().life());
        jobs.close();
        books().save(running).join();
        jobs = service();
        assertThat(end(job).state()).isEqualTo(JobState.COMPLETED);
        assertThat(machine.commands()).hasSize(1);
    }

    @Test
    void shouldEndWhatTheBooksDoNotKnow() throws Exception {
        int job = submit("/bin/gate", Map.of());
        await(() -> log(job).contains("started"));
        jobs.close();
        books().forget(job);
        database.write(connection -> null).join();
        machine.disconnect();
        machine.connect();
        jobs = service();
        await(() -> machine.kept().isEmpty());
    }

    @Test
    void shouldKeepWhatSomebodyAskedForOverARestart() throws Exception {
        int job = submit("/bin/stubborn", Map.of());
        await(() -> !machine.kept().isEmpty());
        jobs.cancel(job).join();
        restart(true);
        assertThat(end(job).state()).isEqualTo(JobState.CANCELLED);
    }

    @Test
    void shouldKeepTheTimeLimitOverARestart() throws Exception {
        var listener = new RecordingListener();
        Job job = jobs.as(ADA).run(request("/bin/gate", "key", Optional.of(Duration.ofMillis(500)), 0), listener);
        await(() -> !machine.kept().isEmpty());
        restart(true);
        assertThat(end(job.number()).state()).isEqualTo(JobState.TIMEOUT);
    }

    @Test
    void shouldGiveACallerWhoComesBackItsStreamsFromWhereHeIs() throws Exception {
        var first = new CountingListener();
        Job job = jobs.as(ADA).run(request("/bin/cat", "key", Optional.empty(), 0), first);
        job.grant(OutputStreamKind.STDOUT, 0, 100);
        await(() -> first.window > 0);
        job.stdin(ByteBuffer.wrap("0123456789".getBytes(StandardCharsets.UTF_8)));
        await(() -> first.output().equals("0123456789"));
        restart(true);

        var second = new CountingListener();
        Job again = jobs.as(ADA).run(request("/bin/cat", "key", Optional.empty(), 0), second);
        assertThat(again.number()).isEqualTo(job.number());
        again.grant(OutputStreamKind.STDOUT, 4, 100); // he had written four of them
        await(() -> second.accepted == 10);
        again.stdin(ByteBuffer.wrap("end".getBytes(StandardCharsets.UTF_8)));
        again.closeStdin();
        assertThat(second.awaitEnd().state()).isEqualTo(JobState.COMPLETED);
        assertThat(second.output()).isEqualTo("456789end");
        assertThat(machine.commands()).hasSize(1);
    }

    @Test
    void shouldGiveTheRestOfAJobThatHadEndedToACallerWhoComesBack() throws Exception {
        var first = new CountingListener();
        Job job = jobs.as(ADA).run(request("/bin/cat", "key", Optional.empty(), 0), first);
        job.grant(OutputStreamKind.STDOUT, 0, 100);
        await(() -> first.window > 0);
        job.stdin(ByteBuffer.wrap("all of it".getBytes(StandardCharsets.UTF_8)));
        job.closeStdin();
        assertThat(first.awaitEnd().state()).isEqualTo(JobState.COMPLETED);
        restart(true);
        await(() -> machine.kept().size() == 1);

        var second = new CountingListener();
        Job again = jobs.as(ADA).run(request("/bin/cat", "key", Optional.empty(), 0), second);
        again.grant(OutputStreamKind.STDOUT, 3, 100);
        assertThat(second.awaitEnd().state()).isEqualTo(JobState.COMPLETED);
        assertThat(first.output() + "|" + second.output()).isEqualTo("all of it| of it");
        jobs.leave(again, second, false);
        await(() -> machine.kept().isEmpty());
    }

    @Test
    void shouldNotGiveAJobToAnotherUserWhoKnowsItsKey() throws Exception {
        Job job = jobs.as(ADA).run(request("/bin/gate", "key", Optional.empty(), 0), new RecordingListener());
        var bob = new Caller(1002, 1002, List.of(1002), "bob", Role.USER);
        assertThat(jobs.as(bob)
                        .run(request("/bin/true", "key", Optional.empty(), 0), new RecordingListener())
                        .number())
                .isNotEqualTo(job.number());
    }

    @Test
    void shouldHangUpOnAJobWhoseCallerCannotComeBack() throws Exception {
        var listener = new RecordingListener();
        Job job = jobs.as(ADA).run(request("/bin/gate", "", Optional.empty(), 0), listener);
        listener.awaitRunning();
        await(() -> !machine.kept().isEmpty());
        restart(true);
        assertThat(end(job.number()).state()).isEqualTo(JobState.CANCELLED);
    }

    /** As a terminal's end: the guest keeps what it has not counted. */
    private static final class CountingListener implements JobListener {
        private final RecordingListener inner = new RecordingListener();
        private volatile long accepted = -1;
        private volatile int window;

        @Override
        public boolean countsForItself() {
            return true;
        }

        @Override
        public void stdinCredit(long bytes, int room) {
            accepted = bytes;
            window = room;
        }

        @Override
        public void output(OutputStreamKind stream, ByteBuffer bytes) {
            inner.output(stream, bytes);
        }

        @Override
        public void ended(JobResult result) {
            inner.ended(result);
        }

        private String output() {
            return inner.output();
        }

        private JobResult awaitEnd() throws Exception {
            return inner.awaitEnd();
        }
    }

    private void restart(boolean reachable) throws IOException {
        jobs.close();
        machine.disconnect();
        if (reachable) {
            machine.connect();
        }
        jobs = service();
    }

    private int submit(String program, Map<String, String> options) {
        var submission = new Submission(Optional.empty(), program, List.of(), folder, List.of(), "", options, false);
        return jobs.submit(submission).join().jobs().getFirst();
    }

    private JobRequest request(String program, String key, Optional<Duration> limit, int reports) {
        return new JobRequest.Builder(program, List.of())
                .directory(folder)
                .timeLimit(limit)
                .key(key, reports)
                .build();
    }

    private String log(int job) {
        try {
            return jobs.log(job);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private JobRecord end(int job) throws InterruptedException {
        await(() -> jobs.find(job).state().isTerminal());
        return jobs.find(job);
    }

    private JobBooks books() throws IOException {
        return JobBooks.open(database, folder.resolve("jobs"), Clock.systemUTC());
    }

    private JobService service() throws IOException {
        return new JobService(FakeMachine.all(machine), ADA, books(), Clock.systemUTC());
    }
}
