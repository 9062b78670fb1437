// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hybridvm.Await.await;
import static org.hybridvm.job.OutputStreamKind.STDERR;
import static org.hybridvm.job.OutputStreamKind.STDOUT;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.hybridvm.access.OwnIdentity;
import org.hybridvm.api.FakeVmControl;
import org.hybridvm.cli.HvmTester.Outcome;
import org.hybridvm.job.FakeMachine;
import org.hybridvm.job.JobState;
import org.hybridvm.job.RunOption;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code hvm run} against an hvmd whose VM is in memory. */
@Timeout(60)
class HvmRunTest {
    @TempDir
    private Path folder;

    private FakeMachine machine;
    private FakeVmControl vms;
    private HvmTester hvm;

    @BeforeEach
    void setUp() throws Exception {
        machine = new FakeMachine("demo", 2, folder.toRealPath())
                .install("/bin/cat", FakeMachine::cat)
                .install("/bin/false", process -> 7)
                .install("/bin/both", process -> {
                    process.write(STDOUT, "to out\n");
                    process.write(STDERR, "to err\n");
                    return 0;
                })
                .install("/bin/sleep", process -> process.awaitSignal())
                .install("/bin/crash", process -> {
                    process.report("fault signal=11 name=SIGSEGV address=0x0 rip=0x401136 error=0x4 vector=14");
                    process.report("trace 0 0x401136 main+0x16");
                    process.kill(11);
                    return 0;
                })
                .install("/bin/figures", process -> {
                    process.report("started cores=1 merge_ns=4200");
                    process.report("stats-call nr=110 name=getppid local=0 forwarded=30 ns=21500");
                    process.report("stats-call nr=39 name=getpid local=12 forwarded=0 ns=0");
                    process.report("stats-event name=page-fault count=7 ns=many");
                    process.report("stats local=12 forwarded=33 faults=7 interrupts=0 shootdowns=1 wakes=2 halts=3");
                    return 0;
                });
        vms = new FakeVmControl(machine, folder.resolve("console"));
        hvm = new HvmTester(vms, folder);
    }

    @AfterEach
    void tearDown() throws Exception {
        hvm.close();
    }

    @Test
    void shouldCarryInputAndOutput() {
        vms.launched();
        assertThat(hvm.runWithInput("one\ntwo\n", "run", "--", "cat")).isEqualTo(new Outcome(0, "one\ntwo\n", ""));
    }

    @Test
    void shouldCarryMoreThanAllWindowsUnchanged() {
        vms.launched();
        byte[] data = new byte[3_000_000];
        new Random(7).nextBytes(data);
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        int status = Hvm.run(hvm.context(new ByteArrayInputStream(data), out, err), "run", "--", "cat");
        assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
        assertThat(status).isZero();
        assertThat(out.toByteArray()).isEqualTo(data);
    }

    @Test
    void shouldKeepOutputAndErrorsApart() {
        vms.launched();
        assertThat(hvm.run("run", "both")).isEqualTo(new Outcome(0, "to out\n", "to err\n"));
    }

    @Test
    void shouldShowBothStreamsAtASecondTerminal() throws Exception {
        vms.launched();
        var attached = new CountDownLatch(1);
        machine.install("/bin/slow", process -> {
            process.write(STDOUT, "first out\n");
            process.write(STDERR, "first err\n");
            attached.await();
            process.write(STDOUT, "last out\n");
            process.write(STDERR, "last err\n");
            return 5;
        });
        var run = CompletableFuture.supplyAsync(() -> hvm.run("run", "--", "slow"));
        while (machine.commands().isEmpty()) {
            Thread.sleep(5);
        }
        var out = new ByteArrayOutputStream() {
            @Override
            public void flush() {
                attached.countDown(); // the second terminal has shown something
            }
        };
        var err = new ByteArrayOutputStream();
        int status = Hvm.run(hvm.context(InputStream.nullInputStream(), out, err), "attach", "--from", "0", "1");
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("first out\nlast out\n");
        assertThat(err.toString(StandardCharsets.UTF_8)).isEqualTo("first err\nlast err\nhvm: job 1 ended as FAILED\n");
        assertThat(status).isEqualTo(5);
        assertThat(run.join()).isEqualTo(new Outcome(5, "first out\nlast out\n", "first err\nlast err\n"));
        assertThat(hvm.run("attach", "1").err()).contains("The job has ended").contains("hvm submit");
    }

    @Test
    void shouldHandOnItsPlaceInTheQueue() {
        vms.launched();
        hvm.run("run", "--nice", "5", "--", "false");
        hvm.run("run", "--priority", "5", "--", "false");
        assertThat(hvm.jobs.find(1).toJson()).containsEntry("priority", -5);
        assertThat(hvm.jobs.find(2).toJson()).containsEntry("priority", 5);
        assertThat(hvm.run("run", "--priority", "1", "--nice", "2", "--", "false")
                        .err())
                .contains("A priority is said twice");
    }

    @Test
    void shouldExitWithTheProgramsStatus() {
        vms.launched();
        assertThat(hvm.run("run", "--", "false").status()).isEqualTo(7);
    }

    @Test
    void shouldTellAFaultAndExitWith128PlusItsSignal() {
        vms.launched();
        assertThat(hvm.run("run", "--", "crash")).isEqualTo(new Outcome(139, "", """
                        hvm: SIGSEGV at address 0x0 (rip 0x401136, error 0x4, vector 14)
                        hvm:   #0 0x401136 main+0x16
                        hvm: ended by SIGSEGV
                        """));
    }

    @Test
    void shouldPrintFiguresIfAsked() {
        vms.launched();
        assertThat(hvm.run("run", "--stats", "--", "figures").err()).isEqualTo("""
                        hvm: job 1 on demo/hrt
                        hvm: started on 1 HRT core(s), address space merged in 4.2 us
                        hvm: system calls: 12 answered in the HRT, 33 forwarded to Linux; page faults forwarded: 7; \
                        shootdowns: 1; interrupts on HRT cores: 0; wakes: 2; halts: 3
                        hvm: SYSTEM CALL  NUMBER  IN THE HRT  FORWARDED  TIME IN LINUX
                        hvm: getppid      110     0           30         21.5 us
                        hvm: getpid       39      12          0          -
                        hvm: EVENT       COUNT  TIME
                        hvm: page fault  7      ?
                        """);
        assertThat(machine.commands().getLast().options()).containsExactly(RunOption.STATS);
        assertThat(hvm.run("run", "--", "figures").err()).isEmpty();
    }

    @Test
    void shouldPassHowMemoryIsWanted() {
        vms.launched();
        hvm.run("run", "--populate", "--no-huge-pages", "--", "false");
        assertThat(machine.commands().getLast().options())
                .containsExactlyInAnyOrder(RunOption.POPULATE, RunOption.NO_HUGE_PAGES);
    }

    @Test
    void shouldExitWith127IfThereIsNoSuchProgram() {
        vms.launched();
        assertThat(hvm.run("run", "--", "./nothing"))
                .isEqualTo(new Outcome(
                        127,
                        "",
                        "hvm: No such program: ./nothing. Allowed: files below the mounts (%s), programs of the guest "
                                        .formatted(real())
                                + "(/bin/busybox). Owner: demo.\n"));
        assertThat(hvm.run("run", "--", "/usr/bin/nothing"))
                .isEqualTo(new Outcome(
                        127,
                        "",
                        "hvm: No such file or directory: /usr/bin/nothing. Allowed: files below the mounts (%s), programs of the guest (/bin/busybox)\n"
                                .formatted(real())));
    }

    @Test
    void shouldExitWith126IfTheFileIsNoProgram() throws IOException {
        vms.launched();
        Path file = Files.writeString(folder.resolve("data"), "text");
        file.toFile().setExecutable(true);
        Outcome outcome = hvm.run("run", "--", "./data");
        assertThat(outcome.status()).isEqualTo(126);
        assertThat(outcome.err())
                .startsWith("hvm: The program is not an ELF file: ./data (it begins with 74 65 78 74).");
    }

    @Test
    void shouldExitWith125IfTheVmIsLost() {
        vms.launched();
        machine.install("/bin/doom", process -> {
            machine.lose("QEMU of demo was ended by SIGKILL");
            return process.awaitSignal();
        });
        assertThat(hvm.run("run", "--", "doom"))
                .isEqualTo(new Outcome(125, "", "hvm: QEMU of demo was ended by SIGKILL\n"));
    }

    @Test
    void shouldLaunchTheDefaultVmIfNoneIsUp() {
        assertThat(hvm.runWithInput("x", "run", "--", "cat")).isEqualTo(new Outcome(0, "x", """
                        hvm: no VM is up, launching the default VM over %s
                          firmware                         12 ms
                        hvm: no KVM here, QEMU interprets (TCG): slow
                        """.formatted(real())));
    }

    @Test
    void shouldPassTheCallersFolderArgumentsAndChosenVariables() {
        vms.launched();
        hvm.run("run", "--env", "A=1", "--env", "SECRET", "--linux", "--", "false", "-x", "--stats");
        assertThat(machine.commands().getFirst()).satisfies(command -> {
            assertThat(command.arguments()).containsExactly("/bin/false", "-x", "--stats");
            assertThat(command.environment())
                    .containsExactly("A=1", "OMP_NUM_THREADS=3", "PATH=/usr/bin:/bin", "SECRET=x");
            assertThat(command.directory()).isEqualTo(real().toString());
            assertThat(command.partition()).isEqualTo("linux");
            assertThat(command.identity().user())
                    .isEqualTo(OwnIdentity.ofThisProcess().uid());
        });
    }

    @Test
    void shouldRefuseACommandLineWithoutProgram() {
        assertThat(hvm.run("run"))
                .isEqualTo(new Outcome(
                        2, "", "hvm: Missing required parameter: 'PROGRAM [ARGS...]'. Try: hvm run --help\n"));
    }

    @Test
    void shouldNotTakeMoreOutputThanItsWindowWhileNobodyReads() throws Exception {
        vms.launched();
        var written = new AtomicLong();
        machine.install("/bin/yes", process -> {
            byte[] chunk = new byte[1024];
            while (!Thread.currentThread().isInterrupted() && written.get() < 50_000_000) {
                process.write(STDOUT, chunk);
                written.addAndGet(chunk.length);
            }
            return 0;
        });
        var gate = new CountDownLatch(1);
        var first = new CountDownLatch(1);
        OutputStream slow = new OutputStream() {
            @Override
            public void write(int one) {
                throw new UnsupportedOperationException();
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                first.countDown();
                awaitOpen(gate);
            }
        };
        var run = CompletableFuture.supplyAsync(
                () -> Hvm.run(hvm.context(endless(), slow, OutputStream.nullOutputStream()), "run", "--", "yes"));
        assertThat(first.await(10, TimeUnit.SECONDS)).isTrue();
        // The reader is stuck in its first write: the guest must come to rest within the window.
        awaitRest(written);
        assertThat(written.get()).isLessThanOrEqualTo(RunSession.WINDOW);
        gate.countDown();
        assertThat(run.get(20, TimeUnit.SECONDS)).isZero();
        assertThat(written.get()).isGreaterThanOrEqualTo(50_000_000);
    }

    @Test
    void shouldSendNoMoreInputThanTheGuestHasRoomFor() throws Exception {
        vms.launched();
        var sent = new AtomicLong();
        var proceed = new CountDownLatch(1);
        var taken = new AtomicLong();
        machine.install("/bin/lazy", process -> {
            proceed.await();
            byte[] bytes = process.read();
            while (bytes.length > 0) {
                taken.addAndGet(bytes.length);
                bytes = process.read();
            }
            return 0;
        });
        InputStream zeros = new InputStream() {
            @Override
            public int read() {
                throw new UnsupportedOperationException();
            }

            @Override
            public int read(byte[] target, int offset, int length) {
                if (sent.get() >= 1_000_000) {
                    return -1;
                }
                sent.addAndGet(length);
                return length;
            }
        };
        var run = CompletableFuture.supplyAsync(() -> hvm.run(zeros, "run", "--", "lazy"));
        awaitRest(sent);
        assertThat(sent.get()).isLessThanOrEqualTo(FakeMachine.STDIN_WINDOW);
        proceed.countDown();
        assertThat(run.get(20, TimeUnit.SECONDS).status()).isZero();
        assertThat(taken.get()).isEqualTo(sent.get());
    }

    @Test
    void shouldEndTheJobWithSigpipeWhenItsOutputIsClosed() {
        vms.launched();
        machine.install("/bin/yes", process -> {
            while (!Thread.currentThread().isInterrupted()) {
                process.write(STDOUT, "y\n");
            }
            return 0;
        });
        OutputStream closed = new OutputStream() {
            @Override
            public void write(int one) throws IOException {
                throw new IOException("Broken pipe");
            }
        };
        int status = Hvm.run(hvm.context(endless(), closed, OutputStream.nullOutputStream()), "run", "--", "yes");
        assertThat(status).isEqualTo(128 + 13);
    }

    @Test
    void shouldForwardASignal() throws Exception {
        vms.launched();
        var run = CompletableFuture.supplyAsync(() -> hvm.run(endless(), "run", "--", "sleep"));
        awaitState(JobState.RUNNING);
        assertThat(hvm.run("cancel", "--signal", "INT", "1").status()).isZero();
        assertThat(run.get(10, TimeUnit.SECONDS)).isEqualTo(new Outcome(130, "", ""));
        assertThat(hvm.jobs.find(1).state()).isEqualTo(JobState.CANCELLED);
    }

    @Test
    void shouldHangUpTheJobOfAClientThatGoesAway() throws Exception {
        vms.launched();
        Thread client = Thread.ofPlatform().daemon().start(() -> hvm.run(endless(), "run", "--", "sleep"));
        awaitState(JobState.RUNNING);
        client.interrupt(); // closes its socket, as the death of the process would
        awaitState(JobState.CANCELLED);
        assertThat(hvm.jobs.find(1).result().orElseThrow().signal()).isEqualTo(1);
    }

    private Path real() {
        try {
            return folder.toRealPath();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private void awaitState(JobState state) throws InterruptedException {
        await(() -> !hvm.jobs.list().isEmpty() && hvm.jobs.find(1).state() == state);
    }

    /** Waits until a count has not moved for a while. */
    private static void awaitRest(AtomicLong count) throws InterruptedException {
        long last = -1;
        while (last != count.get() || last == 0) {
            last = count.get();
            Thread.sleep(200);
        }
    }

    private static void awaitOpen(CountDownLatch latch) throws IOException {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    private static InputStream endless() {
        try {
            return new PipedInputStream(new PipedOutputStream());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
