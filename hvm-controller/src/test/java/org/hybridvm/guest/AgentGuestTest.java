// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.hybridvm.job.AgentGreeting;
import org.hybridvm.job.GuestCommand;
import org.hybridvm.job.GuestProcess;
import org.hybridvm.job.JobKey;
import org.hybridvm.job.OutputStreamKind;
import org.hybridvm.job.PartitionKind;
import org.hybridvm.job.RunOption;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** hvmd's end of the channel; the test plays the agent and says exactly what it wants. */
@Timeout(20)
class AgentGuestTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final byte[] INSTANCE = new byte[16];

    @TempDir
    private Path folder;

    private Path socket;
    private ServerSocketChannel server;
    private SocketChannel agent;
    private FrameReader received;
    private AgentGuest guest;
    private final CompletableFuture<String> lost = new CompletableFuture<>();
    private final HeardGuest listener = new HeardGuest(lost);
    private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();

    @BeforeEach
    void setUp() throws IOException {
        socket = folder.resolve("agent");
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
    }

    @AfterEach
    void tearDown() throws IOException {
        if (guest != null) {
            guest.close("the test is over");
        }
        if (agent != null) {
            agent.close();
        }
        server.close();
    }

    @Test
    void shouldTellWhatTheAgentSaysOfItsBoot() throws Exception {
        connect();
        assertThat(guest.bootStamps()).containsExactly(Map.entry("kernel", 5_000_000_000L));
        assertThat(guest.bootProblems()).containsExactly("no virtiofs");
    }

    @Test
    void shouldDropWhatWasMeantForAnEarlierHvmd() throws Exception {
        byte[] halfAFrame = new byte[777];
        byte[] stale = new Frame(FrameType.STDOUT, 9, new byte[100]).encode().array();
        connect(out -> {
            out.write(ByteBuffer.wrap(halfAFrame));
            out.write(ByteBuffer.wrap(stale));
        });
        assertThat(guest.bootProblems()).hasSize(1);
    }

    @Test
    void shouldGiveUpOnAnAgentThatDoesNotAnswer() {
        assertThatThrownBy(() -> AgentGuest.connect(socket, INSTANCE, Duration.ofMillis(50), listener))
                .hasMessage("the agent did not answer within 0 s");
    }

    @Test
    void shouldSendAJobWithAllThatBelongsToIt() throws Exception {
        connect();
        start("hrt", PartitionKind.HRT);
        Frame exec = received.next();
        assertThat(exec.type()).isEqualTo(FrameType.EXEC);
        assertThat(exec.stream()).isEqualTo(1);
        Fields fields = Fields.decode(exec.payload());
        assertThat(fields.texts(FieldTag.ARGUMENT)).containsExactly("/bin/busybox", "sort", "\u00e4");
        assertThat(fields.texts(FieldTag.ENVIRONMENT)).containsExactly("A=1");
        assertThat(fields.text(FieldTag.DIRECTORY)).contains("/home/me");
        assertThat(fields.number(FieldTag.USER)).contains(1000);
        assertThat(fields.numbers(FieldTag.GROUP_EXTRA)).containsExactly(27L, 4L);
        assertThat(fields.text(FieldTag.PARTITION)).contains("hrt");
        assertThat(fields.number(FieldTag.CORES)).contains(2);
        assertThat(fields.number(FieldTag.OPTIONS)).contains(5);
    }

    @Test
    void shouldCarryInputOutputAndTheEnd() throws Exception {
        connect();
        GuestProcess process = start("linux", PartitionKind.LINUX);
        assertThat(Fields.decode(received.next().payload()).text(FieldTag.PARTITION))
                .isEmpty();
        process.grant(OutputStreamKind.STDOUT, 0, 100);
        Fields credit = Fields.decode(received.next().payload());
        assertThat(credit.number(FieldTag.STREAM_KIND)).contains(1);
        assertThat(credit.number(FieldTag.NUMBER)).contains(100);

        send(FrameType.STARTED, 1, new Fields().number(FieldTag.NUMBER, 77));
        send(
                FrameType.CREDIT,
                1,
                new Fields()
                        .number(FieldTag.STREAM_KIND, 0)
                        .longNumber(FieldTag.OFFSET, 5)
                        .number(FieldTag.NUMBER, 10));
        assertThat(hear()).isEqualTo("credit 5 10");
        process.stdin(ByteBuffer.wrap("abc".getBytes(StandardCharsets.UTF_8)));
        process.closeStdin();
        process.signal(15);
        assertThat(new String(received.next().payload(), StandardCharsets.UTF_8))
                .isEqualTo("abc");
        assertThat(received.next().type()).isEqualTo(FrameType.STDIN_END);
        assertThat(Fields.decode(received.next().payload()).number(FieldTag.NUMBER))
                .contains(15);

        send(new Frame(FrameType.STDOUT, 1, "out".getBytes(StandardCharsets.UTF_8)));
        send(new Frame(FrameType.REPORT, 1, "stats local=1\n".getBytes(StandardCharsets.UTF_8)));
        send(FrameType.EXIT, 1, new Fields().number(FieldTag.EXIT_CODE, 3));
        assertThat(List.of(hear(), hear(), hear())).containsExactly("STDOUT out", "report stats local=1", "exited 3");
    }

    @Test
    void shouldTellTheAgentWhichLinesOfAReportAreOnDiskAndWhatItMayForget() throws Exception {
        connect();
        GuestProcess process = start("linux", PartitionKind.LINUX);
        assertThat(Fields.decode(received.next().payload()).number(FieldTag.RESTARTS))
                .contains(0);
        send(new Frame(FrameType.REPORT, 1, "one".getBytes(StandardCharsets.UTF_8)));
        Fields taken = Fields.decode(received.next().payload());
        assertThat(taken.number(FieldTag.STREAM_KIND)).contains(3);
        assertThat(taken.requireLong(FieldTag.OFFSET)).isEqualTo(1);
        send(FrameType.EXIT, 1, new Fields().number(FieldTag.EXIT_CODE, 3));
        assertThat(List.of(hear(), hear())).containsExactly("report one", "exited 3");
        process.release();
        Frame release = received.next();
        assertThat(release.type()).isEqualTo(FrameType.RELEASE);
        assertThat(release.stream()).isEqualTo(1);
    }

    @Test
    void shouldGoOnWithAJobOfTheGreeting() throws Exception {
        ByteBuffer info = ByteBuffer.allocate(JobInfo.SIZE).order(ByteOrder.LITTLE_ENDIAN);
        info.putInt(7).putInt(2).putInt(1).putInt(99).putLong(5);
        connect(out -> {}, new Fields().bytes(FieldTag.LIFE, new byte[] {1, 2}).bytes(FieldTag.JOB, info.array()));
        assertThat(guest.greeting().life()).isEqualTo("0102");
        assertThat(guest.greeting().jobs()).containsOnly(Map.entry(new JobKey(7, 2), new AgentGreeting.Kept(true, 5)));

        GuestProcess process = guest.attach(new JobKey(7, 2), "hrt", 6, new Listener());
        Fields attach = Fields.decode(received.next().payload());
        assertThat(attach.number(FieldTag.RESTARTS)).contains(2);
        assertThat(attach.requireLong(FieldTag.OFFSET)).isEqualTo(6);
        process.grant(OutputStreamKind.STDOUT, 1000, 3);
        Fields credit = Fields.decode(received.next().payload());
        assertThat(credit.requireLong(FieldTag.OFFSET)).isEqualTo(1000);
        send(new Frame(FrameType.STDOUT, 7, "abc".getBytes(StandardCharsets.UTF_8)));
        assertThat(hear()).isEqualTo("STDOUT abc");
        send(new Frame(FrameType.STDOUT, 7, "d".getBytes(StandardCharsets.UTF_8)));
        assertLost("the guest's agent broke the protocol: more output than it was allowed");
    }

    @Test
    void shouldRefuseAGreetingWithAJobThatCannotBe() {
        ByteBuffer info = ByteBuffer.allocate(JobInfo.SIZE).order(ByteOrder.LITTLE_ENDIAN);
        info.putInt(-7);
        assertThatThrownBy(() -> connect(out -> {}, new Fields().bytes(FieldTag.JOB, info.array())))
                .hasStackTraceContaining("a job JobKey[job=-7, restarts=0] with 0 lines of report");
        assertThatThrownBy(() -> connect(out -> {}, new Fields().bytes(FieldTag.JOB, new byte[7])))
                .hasStackTraceContaining("a job's description of 7 bytes, not 24");
    }

    @Test
    void shouldTellASignal() throws Exception {
        connect();
        start("linux", PartitionKind.LINUX);
        send(FrameType.EXIT, 1, new Fields().number(FieldTag.EXIT_SIGNAL, 11));
        assertThat(hear()).isEqualTo("signalled 11");
    }

    @Test
    void shouldTurnARefusalIntoAStatus() throws Exception {
        connect();
        start("linux", PartitionKind.LINUX);
        send(FrameType.REFUSED, 1, new Fields().number(FieldTag.NUMBER, 2).text(FieldTag.TEXT, "no such file"));
        assertThat(List.of(hear(), hear())).containsExactly("report refused errno=2 reason=no such file", "exited 127");
    }

    @Test
    void shouldLoseAnAgentThatSendsMoreThanItMay() throws Exception {
        connect();
        start("linux", PartitionKind.LINUX).grant(OutputStreamKind.STDOUT, 0, 2);
        send(new Frame(FrameType.STDOUT, 1, new byte[3]));
        assertLost("the guest's agent broke the protocol: more output than it was allowed");
    }

    @Test
    void shouldLoseAnAgentThatSendsNoise() throws Exception {
        connect();
        start("linux", PartitionKind.LINUX);
        agent.write(ByteBuffer.wrap(new byte[64]));
        assertLost("the guest's agent broke the protocol: bytes that are no frame");
    }

    @Test
    void shouldLoseAnAgentThatWasStartedAnew() throws Exception {
        connect();
        start("linux", PartitionKind.LINUX);
        send(FrameType.HELLO_REPLY, 0, new Fields());
        assertLost("the guest's agent broke the protocol: the agent was started anew");
    }

    @Test
    void shouldNameTheEndOfQemu() throws Exception {
        connect();
        start("linux", PartitionKind.LINUX);
        agent.close();
        assertLost("QEMU ended: it closed the agent's channel");
        assertThatThrownBy(() -> guest.kernelLog()).hasMessageStartingWith("The guest's agent is gone: ");
    }

    @Test
    void shouldEndAJobThatIsStartedTooLate() throws Exception {
        connect();
        agent.close();
        lost.get(10, TimeUnit.SECONDS);
        start("linux", PartitionKind.LINUX);
        assertThat(hear()).isEqualTo("lost QEMU ended: it closed the agent's channel");
    }

    @Test
    void shouldReadPartitions() throws Exception {
        connect();
        var answer = CompletableFuture.supplyAsync(() -> guest.partitions());
        Fields request = Fields.decode(received.next().payload());
        assertThat(request.text(FieldTag.NAME)).contains("info");
        send(
                FrameType.RESPONSE,
                0,
                new Fields()
                        .number(FieldTag.ID, request.require(FieldTag.ID))
                        .bytes(FieldTag.INFO, info("hrt", 3, 2, 1, 420_000, 1_800_000)));
        assertThat(answer.get()).singleElement().satisfies(partition -> {
            assertThat(partition.name()).isEqualTo("hrt");
            assertThat(partition.state()).isEqualTo("READY");
            assertThat(partition.cores()).isEqualTo(2);
            assertThat(partition.coresFree()).isEqualTo(1);
            assertThat(partition.firstInstruction()).isEqualTo(Duration.ofNanos(420_000));
            assertThat(partition.ready()).isEqualTo(Duration.ofNanos(1_800_000));
        });
    }

    @Test
    void shouldTellWhyARequestWentWrong() throws Exception {
        connect();
        var answer = CompletableFuture.supplyAsync(() -> {
            try {
                return guest.reboot("hrt", false).state();
            } catch (RuntimeException e) {
                return e.getMessage();
            }
        });
        Fields request = Fields.decode(received.next().payload());
        assertThat(request.number(FieldTag.FORCE)).contains(0);
        send(
                FrameType.RESPONSE,
                0,
                new Fields()
                        .number(FieldTag.ID, request.require(FieldTag.ID))
                        .text(FieldTag.PROBLEM, "Device or resource busy"));
        assertThat(answer.get()).isEqualTo("The guest refused: reboot: Device or resource busy.");
    }

    @Test
    void shouldRefuseAModulesDescriptionOfAnotherSize() throws Exception {
        connect();
        var answer = CompletableFuture.supplyAsync(() -> {
            try {
                return guest.loadModule("hrt", "/m.so").toString();
            } catch (RuntimeException e) {
                return e.getMessage();
            }
        });
        Fields request = Fields.decode(received.next().payload());
        assertThat(request.text(FieldTag.NAME)).contains("module-load");
        assertThat(request.text(FieldTag.PARTITION)).contains("hrt");
        assertThat(request.text(FieldTag.ARGUMENT)).contains("/m.so");
        send(
                FrameType.RESPONSE,
                0,
                new Fields().number(FieldTag.ID, request.require(FieldTag.ID)).bytes(FieldTag.MODULE, new byte[7]));
        assertThat(answer.get()).contains("a module's description of 7 bytes, not 232");
    }

    @Test
    void shouldReadTheStatus() throws Exception {
        connect();
        var answer = CompletableFuture.supplyAsync(() -> guest.status());
        Fields request = Fields.decode(received.next().payload());
        send(
                FrameType.RESPONSE,
                0,
                new Fields()
                        .number(FieldTag.ID, request.require(FieldTag.ID))
                        .text(FieldTag.TEXT, "uptime_s=12 jobs=0"));
        assertThat(answer.get())
                .containsEntry("release", "6.1.0")
                .containsEntry("uptime_s", "12")
                .containsEntry("jobs", "0");
    }

    private interface Prelude {
        void write(SocketChannel out) throws IOException;
    }

    private void connect() throws Exception {
        connect(out -> {});
    }

    private void connect(Prelude prelude) throws Exception {
        connect(prelude, new Fields());
    }

    private void connect(Prelude prelude, Fields reply) throws Exception {
        var connecting = CompletableFuture.supplyAsync(() -> {
            try {
                return AgentGuest.connect(socket, INSTANCE, LIMIT, listener);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        agent = server.accept();
        received = new FrameReader(agent);
        Frame hello = received.next();
        assertThat(hello.type()).isEqualTo(FrameType.HELLO);
        prelude.write(agent);
        send(
                FrameType.HELLO_REPLY,
                0,
                reply.bytes(
                                FieldTag.NONCE,
                                Fields.decode(hello.payload())
                                        .all(FieldTag.NONCE)
                                        .getFirst())
                        .text(FieldTag.RELEASE, "6.1.0")
                        .text(FieldTag.STAMP_NAME, "kernel")
                        .longNumber(FieldTag.STAMP_NS, 5_000_000_000L)
                        .text(FieldTag.PROBLEM, "no virtiofs"));
        guest = connecting.get(10, TimeUnit.SECONDS);
    }

    private GuestProcess start(String partition, PartitionKind kind) {
        return guest.start(
                new JobKey(1, 0),
                new GuestCommand(
                        partition,
                        kind,
                        2,
                        EnumSet.of(RunOption.STATS, RunOption.NO_HUGE_PAGES),
                        List.of("/bin/busybox", "sort", "\u00e4"),
                        List.of("A=1"),
                        "/home/me",
                        new GuestCommand.Identity(1000, 100, List.of(27, 4))),
                new Listener());
    }

    private void send(FrameType type, int stream, Fields fields) throws IOException {
        send(new Frame(type, stream, fields.encode()));
    }

    private void send(Frame frame) throws IOException {
        agent.write(frame.encode());
    }

    private String hear() throws InterruptedException {
        return heard.poll(10, TimeUnit.SECONDS);
    }

    private void assertLost(String reason) throws Exception {
        assertThat(lost.get(10, TimeUnit.SECONDS)).isEqualTo(reason);
        var all = new ArrayList<String>();
        heard.drainTo(all);
        assertThat(all).last().isEqualTo("lost " + reason);
    }

    private static byte[] info(String name, int state, int cores, int free, long first, long ready) {
        ByteBuffer info = ByteBuffer.allocate(PartitionInfo.SIZE).order(ByteOrder.LITTLE_ENDIAN);
        info.putInt(4, state)
                .putInt(40, cores)
                .putInt(44, free)
                .putLong(80, first)
                .putLong(88, ready);
        info.put(8, name.getBytes(StandardCharsets.UTF_8));
        return info.array();
    }

    private final class Listener implements GuestProcess.Listener {
        @Override
        public void stdinCredit(long accepted, int window) {
            heard.add("credit " + accepted + " " + window);
        }

        @Override
        public void output(OutputStreamKind stream, ByteBuffer bytes) {
            heard.add(stream + " " + StandardCharsets.UTF_8.decode(bytes));
        }

        @Override
        public void report(String line) {
            heard.add("report " + line);
        }

        @Override
        public void exited(int status) {
            heard.add("exited " + status);
        }

        @Override
        public void signalled(int signal) {
            heard.add("signalled " + signal);
        }

        @Override
        public void failed(String reason) {
            heard.add("failed " + reason);
        }

        @Override
        public void lost(String reason) {
            heard.add("lost " + reason);
        }
    }
}
