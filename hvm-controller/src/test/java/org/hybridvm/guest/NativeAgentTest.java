// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.hybridvm.job.AgentGreeting;
import org.hybridvm.job.GuestCommand;
import org.hybridvm.job.GuestProcess;
import org.hybridvm.job.JobKey;
import org.hybridvm.job.OutputStreamKind;
import org.hybridvm.job.PartitionKind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The real agent, run on this host, and hvmd's end of its channel: what a guest does with Linux jobs, without a VM. */
@Timeout(60)
class NativeAgentTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final byte[] INSTANCE = new byte[16];
    private static final int MEBIBYTE = 1 << 20;
    /** Of standard input, and how many jobs: WINDOW and JOBS_MAX of the agent's job.c. */
    private static final int WINDOW = 256 << 10;

    private static final int JOBS_MAX = 128;

    @TempDir
    private Path folder;

    private NativeAgent agent;
    private AgentGuest guest;
    private int jobs;
    private final CompletableFuture<String> lost = new CompletableFuture<>();

    @BeforeEach
    void setUp() throws IOException {
        agent = NativeAgent.start(folder);
    }

    @AfterEach
    void tearDown() {
        if (guest != null) {
            guest.close("the test is over");
        }
        if (agent != null) {
            agent.close();
        }
    }

    @Test
    void shouldAnswerTheGreetingAndTellItsStatus() throws Exception {
        connect();
        assertThat(guest.bootStamps()).isEmpty();
        assertThat(guest.bootProblems()).isEmpty();
        assertThat(guest.status())
                .containsEntry(
                        "release",
                        Files.readString(Path.of("/proc/sys/kernel/osrelease")).strip())
                .containsEntry("jobs", "0")
                .containsEntry("incarnation", "1")
                .containsKeys("uptime_s", "processes", "agent_fds", "memory_kb", "free_kb");
    }

    @Test
    void shouldSayThatThereAreNoPartitions() throws Exception {
        connect();
        assertThat(guest.partitions()).isEmpty();
        assertThatThrownBy(() -> guest.hrtLog("hrt"))
                .hasMessage("The guest refused: hrt-log: No such file or directory.");
        assertThatThrownBy(() -> guest.reboot("hrt", false))
                .hasMessage("The guest refused: reboot: No such file or directory.");
        assertThat(guest.modules("hrt")).isEmpty();
        assertThatThrownBy(() -> guest.loadModule("hrt", "/bin/true"))
                .hasMessage("The guest refused: module-load: /dev/hvm: No such file or directory.");
        assertThatThrownBy(() -> guest.unloadModule("hrt", "counter"))
                .hasMessage("The guest refused: module-unload: /dev/hvm: No such file or directory.");
    }

    @Test
    void shouldRunAProgramWithItsArguments() throws Exception {
        Program program = shell("printf '<%s>' \"$0\" \"$@\"", "zero", "a b", "", "\u00e4", "*", "$HOME");
        program.grantAll();
        assertThat(program.end()).isEqualTo("exited 0");
        assertThat(program.output()).isEqualTo("<zero><a b><><\u00e4><*><$HOME>");
        assertThat(program.errors()).isEmpty();
    }

    @Test
    void shouldRunAProgramWithItsEnvironmentAndNoOther() throws Exception {
        Program program = run(List.of("/usr/bin/env"), List.of("A=1", "EMPTY=", "B=\u00e4 b=c"), "/");
        program.grantAll();
        assertThat(program.end()).isEqualTo("exited 0");
        assertThat(program.output()).isEqualTo("A=1\nEMPTY=\nB=\u00e4 b=c\n");
    }

    @Test
    void shouldRunAProgramInItsDirectory() throws Exception {
        Path directory = Files.createDirectory(folder.toRealPath().resolve("a \u00e4"));
        Program program = run(List.of("/bin/pwd", "-P"), List.of(), directory.toString());
        program.grantAll();
        assertThat(program.end()).isEqualTo("exited 0");
        assertThat(program.output()).isEqualTo(directory + "\n");
    }

    @Test
    void shouldFindAProgramByThePathOfItsEnvironment() throws Exception {
        script("greet", "echo hello");
        Program program = run(List.of("greet"), List.of("PATH=/nowhere:" + folder), "/");
        program.grantAll();
        assertThat(program.end()).isEqualTo("exited 0");
        assertThat(program.output()).isEqualTo("hello\n");
    }

    @Test
    void shouldGiveAProgramNothingOfTheAgents() throws Exception {
        Program program = shell("grep -E '^Sig(Blk|Ign)' /proc/self/status; umask; echo /proc/self/fd/*");
        program.grantAll();
        assertThat(program.end()).isEqualTo("exited 0");
        // Signals 32 and 33, the topmost bits that may be set, are libc's; descriptor 3 reads the folder.
        assertThat(program.output()).matches("""
                SigBlk:\t0{16}
                SigIgn:\t0{7}[01][08]0{7}
                0022
                /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3
                """);
    }

    @Test
    void shouldCarryMegabytesFromInputToOutputNoFasterThanTheyAreTaken() throws Exception {
        byte[] input = new byte[8 * MEBIBYTE];
        new Random(1).nextBytes(input);
        Program program = run("/bin/cat");
        CompletableFuture<Void> fed = feeding(program, input);
        program.awaitSent(WINDOW); // nothing was granted yet
        program.grant(OutputStreamKind.STDERR, 1);
        program.keepGranting(OutputStreamKind.STDOUT, 4000);
        assertThat(program.end()).isEqualTo("exited 0");
        fed.get();
        assertThat(program.outputBytes()).isEqualTo(input);
        // The agent's window, two pipes of 64 KiB, the buffer of cat.
        assertThat(program.mostUnderWay()).isLessThanOrEqualTo(WINDOW + 2 * (64 << 10) + (256 << 10));
    }

    @Test
    void shouldCarryMoreOutputThanItsQueueHolds() throws Exception {
        var programs = new ArrayList<Program>();
        for (int i = 0; i < 4; i++) {
            programs.add(run("/usr/bin/head", "-c", "16777216", "/dev/zero"));
        }
        programs.forEach(Program::grantAll);
        for (Program program : programs) {
            assertThat(program.end()).isEqualTo("exited 0");
            assertThat(program.outputBytes()).isEqualTo(new byte[16 * MEBIBYTE]);
        }
    }

    @Test
    void shouldKeepOutputAndErrorsApart() throws Exception {
        Program program = shell("echo out; echo err >&2");
        program.grantAll();
        assertThat(program.end()).isEqualTo("exited 0");
        assertThat(program.output()).isEqualTo("out\n");
        assertThat(program.errors()).isEqualTo("err\n");
    }

    @Test
    void shouldHoldBackOneStreamWithoutTheOther() throws Exception {
        Program program = shell("echo out; echo err >&2");
        program.grant(OutputStreamKind.STDERR, 1000);
        assertThat(program.hear()).isEqualTo("STDERR err\n");
        program.grant(OutputStreamKind.STDOUT, 2);
        assertThat(program.hear()).isEqualTo("STDOUT ou");
        program.grant(OutputStreamKind.STDOUT, 1000);
        assertThat(program.hear()).isEqualTo("STDOUT t\n");
        assertThat(program.end()).isEqualTo("exited 0");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 42, 125, 127, 255})
    void shouldTellTheExitStatus(int status) throws Exception {
        Program program = shell("exit " + status);
        program.grantAll();
        assertThat(program.end()).isEqualTo("exited " + status);
        assertThat(program.report()).isEmpty();
    }

    @Test
    void shouldTellTheSignalThatEndedAProgram() throws Exception {
        Program program = shell("kill -SEGV $$");
        program.grantAll();
        assertThat(program.end()).isEqualTo("signalled 11");
    }

    @Test
    void shouldSendASignalToAProgramAndItsChildren() throws Exception {
        Alive child = alive();
        Program program = shell("sleep 100 9>" + child + " & wait");
        program.grantAll();
        child.awaitStart();
        program.process.signal(15);
        assertThat(program.end()).isEqualTo("signalled 15");
        child.awaitEnd();
    }

    @Test
    void shouldLetAProgramHandleASignal() throws Exception {
        Program program = shell("trap 'echo got it; exit 7' USR1; echo ready; read line");
        program.grantAll();
        assertThat(program.hear()).isEqualTo("STDOUT ready\n");
        program.process.signal(10);
        assertThat(program.end()).isEqualTo("exited 7");
        assertThat(program.output()).isEqualTo("ready\ngot it\n");
    }

    @Test
    void shouldSayThatAProgramIsNotFound() throws Exception {
        Program program = run("/nowhere/program");
        program.grantAll();
        assertThat(program.end()).isEqualTo("exited 127");
        assertThat(program.report())
                .containsExactly("refused errno=2 reason=cannot run /nowhere/program: No such file or directory");
    }

    @Test
    void shouldSayThatAProgramIsNotExecutable() throws Exception {
        Path file = Files.writeString(folder.resolve("text"), "no program");
        Program program = run(file.toString());
        program.grantAll();
        assertThat(program.end()).isEqualTo("exited 126");
        assertThat(program.report())
                .containsExactly("refused errno=13 reason=cannot run " + file + ": Permission denied");
    }

    @Test
    void shouldSayThatADirectoryIsMissing() throws Exception {
        Program program = run(List.of("/bin/true"), List.of(), "/nowhere");
        program.grantAll();
        assertThat(program.end()).isEqualTo("exited 126");
        assertThat(program.report())
                .containsExactly("refused errno=2 reason=working directory /nowhere: No such file or directory");
    }

    @Test
    void shouldRunAsManyJobsAsItCanAtOnceAndRefuseMore() throws Exception {
        connect();
        Map<String, Object> before = guest.status();
        var programs = new ArrayList<Program>();
        for (int i = 0; i < JOBS_MAX; i++) {
            programs.add(run("/bin/cat"));
        }
        Program oneMore = run("/bin/cat");
        assertThat(oneMore.end()).isEqualTo("exited 125");
        assertThat(oneMore.report()).containsExactly("refused errno=11 reason=the agent runs as many jobs as it can");
        assertThat(guest.status()).containsEntry("jobs", "128");

        for (int i = 0; i < JOBS_MAX; i++) {
            programs.get(i).grantAll();
            programs.get(i).feed(("I am " + i).getBytes(StandardCharsets.UTF_8));
            programs.get(i).process.closeStdin();
        }
        for (int i = 0; i < JOBS_MAX; i++) {
            assertThat(programs.get(i).end()).isEqualTo("exited 0");
            assertThat(programs.get(i).output()).isEqualTo("I am " + i);
        }
        assertThat(guest.status()).containsEntry("jobs", "0").containsEntry("agent_fds", before.get("agent_fds"));
    }

    @Test
    void shouldSwallowInputThatAProgramDoesNotWant() throws Exception {
        Program program = shell("exec <&-; echo closed; exec sleep 100");
        program.grantAll();
        assertThat(program.hear()).isEqualTo("STDOUT closed\n");
        program.feed(new byte[4 * MEBIBYTE]);
        program.process.signal(15);
        assertThat(program.end()).isEqualTo("signalled 15");
    }

    @Test
    void shouldEndTheInputAfterWhatWasSent() throws Exception {
        Program program = run("/usr/bin/wc", "-c");
        program.grantAll();
        program.feed(new byte[WINDOW]);
        program.process.closeStdin();
        assertThat(program.end()).isEqualTo("exited 0");
        assertThat(program.output().strip()).isEqualTo("" + WINDOW);
    }

    @Test
    void shouldKillWhatAProgramLeavesBehind() throws Exception {
        Alive child = alive();
        Program program = shell("exec 9>" + child + "; sleep 100 & exit 4");
        program.grantAll();
        assertThat(program.end()).isEqualTo("exited 4");
        child.awaitEnd();
    }

    /** A daemon escapes the job's group; what it holds of the job's output must not make the job immortal. */
    @Test
    void shouldLetGoOfWhatEscapedWhenAJobIsKilled() throws Exception {
        script("daemon", """
                echo up >up
                while kill -0 "$1" 2>/dev/null; do sleep 0.01; done
                echo the job is reaped
                exec cat life
                """);
        fifo("up");
        try (var life = new RandomAccessFile(fifo("life").toFile(), "rw")) {
            assertThat(life.getFD().valid()).isTrue();
            Program program = shell("setsid ./daemon $$ & read up <up; exit 5");
            program.grantAll();
            assertThat(program.hear()).isEqualTo("STDOUT the job is reaped\n");
            program.process.signal(15);
            program.process.signal(9);
            assertThat(program.end()).isEqualTo("exited 5");
        }
    }

    @Test
    void shouldEndWithItsJobsWhenTheChannelIsClosed() throws Exception {
        Alive program = alive();
        shell("exec sleep 100 9>" + program);
        program.awaitStart();
        guest.close("the test is over");
        assertThat(agent.awaitEnd()).isZero();
        program.awaitEnd();
    }

    @Test
    void shouldEndTheJobsOfAnotherStateFolder() throws Exception {
        Alive child = alive();
        try (var raw = new RawChannel(agent.socket())) {
            raw.execute(7, "sleep 100 9>" + child + " & wait");
            raw.execute(9, "read line");
            child.awaitStart();
            byte[] nonce = new byte[16];
            nonce[3] = 77;
            raw.send(
                    FrameType.HELLO,
                    0,
                    new Fields().bytes(FieldTag.NONCE, nonce).bytes(FieldTag.INSTANCE, nonce));
            Fields reply = raw.await(FrameType.HELLO_REPLY);
            assertThat(reply.all(FieldTag.NONCE)).containsExactly(nonce);
            assertThat(reply.numbers(FieldTag.NUMBER)).containsExactlyInAnyOrder(7L, 9L);
            assertThat(reply.all(FieldTag.JOB)).isEmpty();
            child.awaitEnd();

            raw.execute(7, "exit 3");
            raw.grant(7);
            assertThat(raw.await(FrameType.EXIT).numbers(FieldTag.EXIT_CODE)).containsExactly(3L);
        }
    }

    @Test
    void shouldKeepItsJobsWhenItIsGreetedAnewAndGoOnWhereEachStreamWas() throws Exception {
        try (var raw = new RawChannel(agent.socket())) {
            raw.execute(7, "printf 0123456789; read line; echo $line; exit 4");
            raw.credit(7, 1, 0, 5);
            raw.awaitText(FrameType.STDOUT, "01234");
            raw.credit(7, 1, 2, 3);
            String life = raw.hello();
            assertThat(raw.greeting.jobs()).containsOnlyKeys(new JobKey(7, 0));

            raw.send(FrameType.STDIN_END, 7, new Fields()); // nothing of it counts before it is attached
            raw.credit(7, 1, 0, 1000);
            raw.attach(7);
            Fields credit = raw.await(FrameType.CREDIT);
            assertThat(credit.requireLong(FieldTag.OFFSET)).isZero();
            raw.credit(7, 1, 3, 1000);
            raw.credit(7, 2, 0, 1000);
            raw.awaitText(FrameType.STDOUT, "3456789");
            raw.send(FrameType.STDIN, 7, "end\n");
            raw.awaitText(FrameType.STDOUT, "end\n");
            assertThat(raw.await(FrameType.EXIT).numbers(FieldTag.EXIT_CODE)).containsExactly(4L);

            assertThat(raw.hello()).isEqualTo(life);
            assertThat(raw.greeting.jobs().get(new JobKey(7, 0)).ended()).isTrue();
            raw.attach(7);
            raw.credit(7, 1, 14, 1000);
            assertThat(raw.await(FrameType.EXIT).numbers(FieldTag.EXIT_CODE)).containsExactly(4L);
            raw.send(FrameType.RELEASE, 7, new Fields().number(FieldTag.RESTARTS, 0));
            raw.hello();
            assertThat(raw.greeting.jobs()).isEmpty();
        }
    }

    @Test
    void shouldWithstandOrdersThatMakeNoSense() throws Exception {
        var random = new Random(Long.getLong("hvm.fuzz.seed", 20261121));
        try (var raw = new RawChannel(agent.socket())) {
            FrameType[] orders = {
                FrameType.EXEC,
                FrameType.STDIN,
                FrameType.STDIN_END,
                FrameType.SIGNAL,
                FrameType.ATTACH,
                FrameType.RELEASE,
                FrameType.CREDIT
            };
            for (int i = 0; i < 20_000; i++) {
                int stream = random.nextInt(4);
                if (i % 500 == 0) {
                    raw.execute(stream, "head -c 100000 /dev/zero; cat");
                }
                raw.send(orders[random.nextInt(orders.length)], stream, nonsense(random));
            }
            raw.hello();
            raw.greeting
                    .jobs()
                    .keySet()
                    .forEach(key -> raw.send(
                            FrameType.RELEASE, key.job(), new Fields().number(FieldTag.RESTARTS, key.restarts())));
            raw.hello();
            assertThat(raw.greeting.jobs()).isEmpty();
            raw.execute(100, "exit 3");
            raw.grant(100);
            assertThat(raw.await(FrameType.EXIT).numbers(FieldTag.EXIT_CODE)).containsExactly(3L);
        }
    }

    /** Fields with numbers of any size, some of them cut short. */
    private static Fields nonsense(Random random) {
        var fields = new Fields();
        for (FieldTag tag : List.of(
                FieldTag.STREAM_KIND, FieldTag.NUMBER, FieldTag.OFFSET, FieldTag.RESTARTS, FieldTag.STDOUT_FILE)) {
            switch (random.nextInt(6)) {
                case 0 -> fields.number(tag, random.nextInt(4));
                case 1 -> fields.number(tag, random.nextInt());
                case 2 -> fields.longNumber(tag, random.nextInt(200_000));
                case 3 -> fields.longNumber(tag, random.nextLong());
                case 4 -> fields.bytes(tag, new byte[random.nextInt(12)]);
                default -> {}
            }
        }
        return fields;
    }

    @Test
    void shouldRefuseAStreamThatIsInUse() throws Exception {
        try (var raw = new RawChannel(agent.socket())) {
            raw.execute(7, "read line");
            raw.execute(7, "true");
            Fields refused = raw.await(FrameType.REFUSED);
            assertThat(refused.numbers(FieldTag.NUMBER)).containsExactly(17L);
            assertThat(refused.texts(FieldTag.TEXT)).containsExactly("the stream is in use");
        }
    }

    @Test
    void shouldSayWhatItDoesNotKnow() throws Exception {
        try (var raw = new RawChannel(agent.socket())) {
            raw.send(FrameType.REQUEST, 0, new Fields().number(FieldTag.ID, 5).text(FieldTag.NAME, "dance"));
            Fields answer = raw.await(FrameType.RESPONSE);
            assertThat(answer.numbers(FieldTag.ID)).containsExactly(5L);
            assertThat(answer.texts(FieldTag.PROBLEM)).containsExactly("this agent does not know the request");

            raw.send(FrameType.REQUEST, 0, new Fields().number(FieldTag.ID, 6));
            assertThat(raw.await(FrameType.RESPONSE).texts(FieldTag.PROBLEM))
                    .containsExactly("the request has no name");

            raw.send(FrameType.REPORT, 0, new Fields());
            Fields error = raw.await(FrameType.ERROR);
            assertThat(error.numbers(FieldTag.NUMBER)).containsExactly((long) FrameType.REPORT.code);
            assertThat(error.texts(FieldTag.TEXT)).containsExactly("this agent does not know the frame's type");
        }
    }

    private void connect() throws IOException {
        if (guest == null) {
            guest = AgentGuest.connect(agent.socket(), INSTANCE, LIMIT, new HeardGuest(lost));
        }
    }

    private Program shell(String script, String... arguments) throws IOException {
        var all = new ArrayList<>(List.of("/bin/sh", "-c", script));
        Collections.addAll(all, arguments);
        return run(all, List.of("PATH=/usr/bin:/bin"), folder.toString());
    }

    private Program run(String... arguments) throws IOException {
        return run(List.of(arguments), List.of(), "/");
    }

    private Program run(List<String> arguments, List<String> environment, String directory) throws IOException {
        connect();
        var program = new Program();
        program.process = guest.start(
                new JobKey(++jobs, 0),
                new GuestCommand(
                        "linux", PartitionKind.LINUX, 0, Set.of(), arguments, environment, directory, ourselves()),
                program);
        return program;
    }

    private static GuestCommand.Identity ourselves() throws IOException {
        Map<String, Object> self = Files.readAttributes(Path.of("/proc/self"), "unix:uid,gid");
        return new GuestCommand.Identity((int) self.get("uid"), (int) self.get("gid"), List.of());
    }

    private void script(String name, String text) throws IOException {
        Path file = Files.writeString(folder.resolve(name), "#!/bin/sh\n" + text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private Path fifo(String name) throws IOException, InterruptedException {
        Path path = folder.resolve(name);
        assertThat(new ProcessBuilder("mkfifo", path.toString())
                        .inheritIO()
                        .start()
                        .waitFor())
                .isZero();
        return path;
    }

    private Alive alive() throws IOException, InterruptedException {
        return new Alive(fifo("alive"));
    }

    private static CompletableFuture<Void> feeding(Program program, byte[] input) {
        return CompletableFuture.runAsync(() -> {
            program.feed(input);
            program.process.closeStdin();
        });
    }

    /** Whether a process lives: it holds a FIFO open for writing, and its end is the FIFO's. */
    private static final class Alive {
        private final Path fifo;
        private final CompletableFuture<Void> started = new CompletableFuture<>();
        private final CompletableFuture<Void> ended = new CompletableFuture<>();

        Alive(Path fifo) {
            this.fifo = fifo;
            Thread.ofPlatform().daemon().start(() -> {
                try (var in = Files.newInputStream(fifo)) { // waits for a writer
                    started.complete(null);
                    in.readAllBytes();
                    ended.complete(null);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }

        void awaitStart() throws Exception {
            started.get(10, TimeUnit.SECONDS);
        }

        void awaitEnd() throws Exception {
            ended.get(10, TimeUnit.SECONDS);
        }

        /** For a shell. */
        @Override
        public String toString() {
            return "'" + fifo + "'";
        }
    }

    /** A job and all that was heard of it. */
    private static final class Program implements GuestProcess.Listener {
        private static final int ALL = 1 << 30;
        private static final int TAKEN = 0;
        private static final int LIMIT_AT = 1;

        private final Map<OutputStreamKind, long[]> flows =
                Map.of(OutputStreamKind.STDOUT, new long[2], OutputStreamKind.STDERR, new long[2]);
        private long inputLimit;

        private volatile GuestProcess process;
        private volatile OutputStreamKind granting;
        private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        private final ByteArrayOutputStream output = new ByteArrayOutputStream();
        private final ByteArrayOutputStream errors = new ByteArrayOutputStream();
        private final List<String> report = Collections.synchronizedList(new ArrayList<>());
        private final CompletableFuture<String> end = new CompletableFuture<>();
        private final Semaphore credit = new Semaphore(0);
        private final Semaphore sent = new Semaphore(0);
        private final AtomicLong underWay = new AtomicLong();
        private final AtomicLong mostUnderWay = new AtomicLong();

        /** Allows more; what came is taken. */
        void grant(OutputStreamKind kind, int bytes) {
            long[] flow = flows.get(kind);
            synchronized (flow) {
                flow[LIMIT_AT] += bytes;
                process.grant(kind, flow[TAKEN], (int) (flow[LIMIT_AT] - flow[TAKEN]));
            }
        }

        void grantAll() {
            grant(OutputStreamKind.STDOUT, ALL);
            grant(OutputStreamKind.STDERR, ALL);
        }

        /** Grants some, and as much again as comes. */
        void keepGranting(OutputStreamKind kind, int bytes) {
            granting = kind;
            grant(kind, bytes);
        }

        /** Sends all of it, as the agent allows. */
        void feed(byte[] bytes) {
            ByteBuffer rest = ByteBuffer.wrap(bytes);
            while (rest.hasRemaining()) {
                credit.acquireUninterruptibly();
                int allowed = 1 + credit.drainPermits();
                int size = Math.min(allowed, rest.remaining());
                credit.release(allowed - size);
                mostUnderWay.accumulateAndGet(underWay.addAndGet(size), Math::max);
                process.stdin(rest.slice(rest.position(), size));
                rest.position(rest.position() + size);
                sent.release(size);
            }
        }

        void awaitSent(int bytes) throws InterruptedException {
            assertThat(sent.tryAcquire(bytes, 10, TimeUnit.SECONDS)).isTrue();
        }

        long mostUnderWay() {
            return mostUnderWay.get();
        }

        /** The next piece of output. */
        String hear() throws InterruptedException {
            return heard.poll(10, TimeUnit.SECONDS);
        }

        private void release() {
            if (process != null) { // else it was refused
                process.release();
            }
        }

        String end() throws Exception {
            return end.get(30, TimeUnit.SECONDS);
        }

        String output() {
            return output.toString(StandardCharsets.UTF_8);
        }

        byte[] outputBytes() {
            return output.toByteArray();
        }

        String errors() {
            return errors.toString(StandardCharsets.UTF_8);
        }

        List<String> report() {
            return report;
        }

        @Override
        public void stdinCredit(long accepted, int window) {
            credit.release((int) (accepted + window - inputLimit));
            inputLimit = accepted + window;
        }

        @Override
        public void output(OutputStreamKind stream, ByteBuffer bytes) {
            byte[] copy = new byte[bytes.remaining()];
            bytes.get(copy);
            (stream == OutputStreamKind.STDOUT ? output : errors).writeBytes(copy);
            underWay.addAndGet(-copy.length);
            synchronized (flows.get(stream)) {
                flows.get(stream)[TAKEN] += copy.length;
            }
            grant(stream, stream == granting ? copy.length : 0);
            if (stream != granting && copy.length < 100) {
                heard.add(stream + " " + new String(copy, StandardCharsets.UTF_8));
            }
        }

        @Override
        public void report(String line) {
            report.add(line);
        }

        @Override
        public void exited(int status) {
            release();
            end.complete("exited " + status);
        }

        @Override
        public void signalled(int signal) {
            release();
            end.complete("signalled " + signal);
        }

        @Override
        public void failed(String reason) {
            end.complete("failed " + reason);
        }

        @Override
        public void lost(String reason) {
            end.complete("lost " + reason);
        }
    }

    /** Frames as they are, for what hvmd does not send. */
    private static final class RawChannel implements AutoCloseable {
        private final AgentChannel channel;
        private final BlockingQueue<Frame> frames = new LinkedBlockingQueue<>();

        private AgentGreeting greeting;

        RawChannel(Path socket) throws IOException {
            channel = AgentChannel.connect(socket, INSTANCE, LIMIT).channel();
            channel.start(new AgentChannel.Receiver() {
                @Override
                public void accept(Frame frame) {
                    frames.add(frame);
                }

                @Override
                public void lost(String reason) {}
            });
        }

        void send(FrameType type, int stream, Fields fields) {
            channel.send(new Frame(type, stream, fields.encode()));
        }

        void send(FrameType type, int stream, String text) {
            channel.send(new Frame(type, stream, text.getBytes(StandardCharsets.UTF_8)));
        }

        /** As another hvmd of the same state folder; answers the agent's life. */
        String hello() throws Exception {
            byte[] nonce = new byte[16];
            new Random().nextBytes(nonce);
            send(FrameType.HELLO, 0, new Fields().bytes(FieldTag.NONCE, nonce).bytes(FieldTag.INSTANCE, INSTANCE));
            Fields reply = await(FrameType.HELLO_REPLY);
            assertThat(reply.all(FieldTag.NONCE)).containsExactly(nonce);
            greeting = JobInfo.greeting(reply);
            return greeting.life();
        }

        void attach(int stream) {
            send(
                    FrameType.ATTACH,
                    stream,
                    new Fields().number(FieldTag.RESTARTS, 0).longNumber(FieldTag.OFFSET, 0));
        }

        void credit(int stream, int kind, long taken, int window) {
            send(
                    FrameType.CREDIT,
                    stream,
                    new Fields()
                            .number(FieldTag.STREAM_KIND, kind)
                            .longNumber(FieldTag.OFFSET, taken)
                            .number(FieldTag.NUMBER, window));
        }

        /** What comes next in frames of that type. */
        void awaitText(FrameType type, String expected) throws Exception {
            var text = new StringBuilder();
            while (text.length() < expected.length()) {
                Frame frame = frames.poll(10, TimeUnit.SECONDS);
                assertThat(frame).as("a frame of type %s", type).isNotNull();
                if (frame.type() == type) {
                    text.append(new String(frame.payload(), StandardCharsets.UTF_8));
                }
            }
            assertThat(text.toString()).isEqualTo(expected);
        }

        void execute(int stream, String script) throws IOException {
            GuestCommand.Identity identity = ourselves();
            var fields = new Fields();
            List.of("/bin/sh", "-c", script).forEach(argument -> fields.text(FieldTag.ARGUMENT, argument));
            fields.number(FieldTag.USER, identity.user()).number(FieldTag.GROUP, identity.group());
            send(FrameType.EXEC, stream, fields);
        }

        void grant(int stream) {
            for (int kind = 1; kind <= 2; kind++) {
                send(
                        FrameType.CREDIT,
                        stream,
                        new Fields()
                                .number(FieldTag.STREAM_KIND, kind)
                                .longNumber(FieldTag.OFFSET, 0)
                                .number(FieldTag.NUMBER, 1000));
            }
        }

        /** The fields of the next frame of that type. */
        Fields await(FrameType type) throws Exception {
            while (true) {
                Frame frame = frames.poll(10, TimeUnit.SECONDS);
                assertThat(frame).as("a frame of type %s", type).isNotNull();
                if (frame.type() == type) {
                    return Fields.decode(frame.payload());
                }
            }
        }

        @Override
        public void close() {
            channel.close();
        }
    }
}
