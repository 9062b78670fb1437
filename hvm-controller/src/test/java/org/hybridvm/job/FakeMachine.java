// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Predicate;
import org.hybridvm.access.Caller;

/**
 * A guest in memory, whose programs are Java. It keeps the rules that the real one keeps: output only within the credit
 * granted, input credit told, calls to the listener one after the other from a thread of its own, the end last; and until it is
 * released a process is kept with all that was not taken, behind one channel after the other.
 */
public final class FakeMachine implements GuestMachine, AutoCloseable {
    public static final int STDIN_WINDOW = 64 * 1024;

    private final String name;
    private final List<Path> mounts;
    private final List<Path> readOnlyMounts = new CopyOnWriteArrayList<>();
    private final List<Partition> partitions;
    private final Map<String, Program> programs = new ConcurrentHashMap<>();
    private final Set<String> catching = ConcurrentHashMap.newKeySet();
    private final Map<JobKey, Process> processes = new ConcurrentHashMap<>();
    private final List<GuestCommand> commands = new CopyOnWriteArrayList<>();
    private volatile AgentGreeting greeting =
            new AgentGreeting(UUID.randomUUID().toString(), Map.of());
    private volatile boolean reachable = true;
    private volatile String gone;
    private volatile HrtCounters counters = HrtCounters.NONE;
    private volatile Predicate<Caller> admitted = caller -> true;

    public FakeMachine(String name, int hrtCores, Path... mounts) {
        this.name = name;
        this.mounts = new CopyOnWriteArrayList<>(List.of(mounts));
        this.partitions = List.of(
                new Partition("linux", PartitionKind.LINUX, 1), new Partition("hrt", PartitionKind.HRT, hrtCores));
    }

    public void mountReadOnly(Path folder) {
        readOnlyMounts.add(folder);
        mounts.add(folder);
    }

    /** What a program does; its answer is the exit status. */
    public interface Program {
        int main(Process process) throws Exception;
    }

    public FakeMachine install(String path, Program program) {
        programs.put(path, program);
        return this;
    }

    /** The program cat(1): standard output gets what comes from standard input. */
    public static int cat(Process process) throws InterruptedException {
        for (byte[] bytes = process.read(); bytes.length > 0; bytes = process.read()) {
            process.write(OutputStreamKind.STDOUT, bytes);
        }
        return 0;
    }

    /** One that catches signals from its first moment on, see {@link Process#catchSignals}. */
    public FakeMachine installCatching(String path, Program program) {
        catching.add(path);
        return install(path, program);
    }

    /** Why the VM is gone for good. */
    public Optional<String> gone() {
        return Optional.ofNullable(gone);
    }

    public List<GuestCommand> commands() {
        return List.copyOf(commands);
    }

    /** The jobs that the agent keeps. */
    public List<JobKey> kept() {
        return List.copyOf(processes.keySet());
    }

    /** The VM dies: every process is lost for good. */
    public void lose(String reason) {
        gone = reason;
        reachable = false;
        processes.values().forEach(process -> process.detach(reason));
        close();
        processes.clear();
    }

    /** The channel to the agent breaks; nobody reaches it until {@link #connect}. */
    public void disconnect() {
        reachable = false;
        processes.values().forEach(process -> process.detach("the channel broke"));
    }

    /** There is a channel again. */
    public void connect() {
        var jobs = new HashMap<JobKey, AgentGreeting.Kept>();
        processes.forEach((key, process) -> jobs.put(key, process.description()));
        greeting = new AgentGreeting(greeting.life(), jobs);
        reachable = true;
    }

    /** The agent dies, and its jobs with it; another one answers. */
    public void restartAgent() {
        disconnect();
        close();
        processes.clear();
        greeting = new AgentGreeting(UUID.randomUUID().toString(), Map.of());
        reachable = true;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public List<Partition> partitions() {
        return partitions;
    }

    @Override
    public List<Path> mounts() {
        return mounts;
    }

    @Override
    public List<Path> readOnlyMounts() {
        return List.copyOf(readOnlyMounts);
    }

    @Override
    public AgentGreeting greeting() {
        return greeting;
    }

    @Override
    public GuestProcess start(JobKey key, GuestCommand command, GuestProcess.Listener listener) {
        if (gone != null) {
            throw new IllegalStateException(gone);
        }
        commands.add(command);
        var process = new Process(key, command);
        if (processes.putIfAbsent(key, process) != null) {
            throw new IllegalStateException("the job is there: " + key);
        }
        process.begin(programs.get(command.arguments().getFirst()), listener);
        return process.new Way(listener);
    }

    @Override
    public GuestProcess attach(JobKey key, String partition, long reports, GuestProcess.Listener listener) {
        Process process = processes.get(key);
        process.attach(listener, reports);
        return process.new Way(listener);
    }

    /** From now on it tells these of each job. */
    public void count(HrtCounters counted) {
        counters = counted;
    }

    @Override
    public HrtCounters counters(JobKey key) {
        return counters;
    }

    @Override
    public void release(JobKey key) {
        Process process = processes.remove(key);
        if (process != null) {
            process.kill(9);
        }
    }

    @Override
    public void close() {
        processes.values().forEach(process -> process.kill(9));
    }

    /** A running program. */
    public final class Process {
        /** What it wrote to a stream, all of it, and how far that has gone. */
        private static final class Output {
            private byte[] kept = new byte[0]; // behind what was taken
            private long taken;
            private long sent;
            private long written;
            private long limit;
            private boolean wanted;

            private void write(byte[] bytes, int from, int size) {
                int old = kept.length;
                kept = Arrays.copyOf(kept, old + size);
                System.arraycopy(bytes, from, kept, old, size);
                written += size;
            }

            private void take(long upTo) {
                kept = Arrays.copyOfRange(kept, (int) (upTo - taken), kept.length);
                taken = upTo;
            }

            private ByteBuffer unsent() {
                ByteBuffer part = ByteBuffer.wrap(Arrays.copyOfRange(kept, (int) (sent - taken), kept.length));
                sent = written;
                return part;
            }
        }

        private final JobKey key;
        private final GuestCommand command;
        private final ExecutorService channel =
                Executors.newSingleThreadExecutor(Thread.ofVirtual().factory());
        private final BlockingQueue<byte[]> input = new LinkedBlockingQueue<>();
        private final BlockingQueue<Integer> signals = new LinkedBlockingQueue<>();
        private final Map<OutputStreamKind, Output> outputs = new EnumMap<>(OutputStreamKind.class); // guarded by this
        private final List<String> reports = new ArrayList<>(); // guarded by this
        private int reportsSent; // guarded by this
        private GuestProcess.Listener listener; // on the present channel, or null; guarded by this
        private long accepted; // bytes of input; guarded by this
        private long consumed; // guarded by this
        private int ended = -1; // its status, from 1000 on 1000 and a signal; guarded by this
        private boolean endTold; // guarded by this
        private volatile boolean catchesSignals;
        private volatile Thread thread;

        private Process(JobKey key, GuestCommand command) {
            this.key = key;
            this.command = command;
            this.catchesSignals = catching.contains(command.arguments().getFirst());
            outputs.put(OutputStreamKind.STDOUT, new Output());
            outputs.put(OutputStreamKind.STDERR, new Output());
        }

        public GuestCommand command() {
            return command;
        }

        /** From now on signals other than SIGKILL are told by {@link #awaitSignal} and do not end the program. */
        public void catchSignals() {
            catchesSignals = true;
        }

        public int awaitSignal() throws InterruptedException {
            return signals.take();
        }

        /** Input as it comes; an empty array at its end. */
        public byte[] read() throws InterruptedException {
            byte[] bytes = input.take();
            synchronized (this) {
                consumed += bytes.length;
                tellInputCredit();
            }
            return bytes;
        }

        /** Blocks until the stream has credit for all of the text. */
        public void write(OutputStreamKind stream, String text) throws InterruptedException {
            write(stream, text.getBytes(StandardCharsets.UTF_8));
        }

        public void write(OutputStreamKind stream, byte[] bytes) throws InterruptedException {
            if (command.files().isPresent()) {
                writeFile(stream, bytes);
                return;
            }
            int at = 0;
            while (at < bytes.length) {
                synchronized (this) {
                    Output output = outputs.get(stream);
                    while (output.limit <= output.written) {
                        wait();
                    }
                    int size = (int) Math.min(bytes.length - at, output.limit - output.written);
                    output.write(bytes, at, size);
                    at += size;
                    flush();
                }
            }
        }

        private void writeFile(OutputStreamKind stream, byte[] bytes) {
            StreamFiles files = command.files().get();
            Path file = Path.of(stream == OutputStreamKind.STDOUT ? files.stdout() : files.stderr());
            try {
                Files.write(file, bytes, StandardOpenOption.APPEND);
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }

        public synchronized void report(String line) {
            reports.add(line);
            flush();
        }

        /** Ends it by a signal. */
        public void kill(int number) {
            end(1000 + number);
        }

        /** One channel's way to it; after that channel nobody hears. */
        private final class Way implements GuestProcess {
            private final Listener mine;

            private Way(Listener mine) {
                this.mine = mine;
            }

            @Override
            public void stdin(ByteBuffer bytes) {
                byte[] copy = new byte[bytes.remaining()];
                bytes.get(copy);
                synchronized (Process.this) {
                    if (listener == mine) {
                        accepted += copy.length;
                        input.add(copy);
                    }
                }
            }

            @Override
            public void closeStdin() {
                input.add(new byte[0]);
            }

            @Override
            public void grant(OutputStreamKind stream, long taken, int window) {
                synchronized (Process.this) {
                    Output output = outputs.get(stream);
                    if (listener != mine) {
                        return;
                    }
                    if (!output.wanted) {
                        output.wanted = true;
                        output.sent = taken;
                    }
                    output.take(taken);
                    output.limit = Math.max(output.limit, taken + window);
                    Process.this.notifyAll();
                    flush();
                }
            }

            @Override
            public void signal(int number) {
                if (catchesSignals && number != 9) {
                    signals.add(number);
                } else {
                    kill(number);
                }
            }

            @Override
            public void release() {
                FakeMachine.this.release(key);
            }
        }

        private void begin(Program program, GuestProcess.Listener first) {
            attach(first, 0);
            thread = Thread.ofVirtual().unstarted(() -> run(program));
            thread.start();
        }

        private synchronized void attach(GuestProcess.Listener next, long from) {
            listener = next;
            reportsSent = (int) from;
            endTold = false;
            tellInputCredit();
            flush();
        }

        private synchronized void detach(String reason) {
            GuestProcess.Listener left = listener;
            listener = null;
            outputs.values().forEach(output -> {
                output.wanted = false;
                output.sent = output.taken;
            });
            if (left != null && !endTold) {
                channel.execute(() -> left.lost(reason));
            }
        }

        private synchronized AgentGreeting.Kept description() {
            return new AgentGreeting.Kept(ended >= 0, 0);
        }

        private synchronized void tellInputCredit() {
            GuestProcess.Listener hearer = listener;
            long before = accepted;
            int window = (int) (STDIN_WINDOW - (accepted - consumed));
            if (hearer != null) {
                channel.execute(() -> hearer.stdinCredit(before, window));
            }
        }

        /** Sends what can be sent, and the end when nothing is left. */
        private synchronized void flush() {
            GuestProcess.Listener hearer = listener;
            if (hearer == null) {
                return;
            }
            while (reportsSent < reports.size()) {
                String line = reports.get(reportsSent++);
                channel.execute(() -> hearer.report(line));
            }
            boolean all = true;
            for (var entry : outputs.entrySet()) {
                Output output = entry.getValue();
                if (output.wanted && output.sent < output.written) {
                    ByteBuffer part = output.unsent();
                    channel.execute(() -> hearer.output(entry.getKey(), part));
                }
                all &= output.sent == output.written;
            }
            if (ended >= 0 && all && !endTold) {
                endTold = true;
                int status = ended;
                channel.execute(status >= 1000 ? () -> hearer.signalled(status - 1000) : () -> hearer.exited(status));
            }
        }

        private void run(Program program) {
            if (program == null) {
                report("refused errno=2 reason=No such file or directory: "
                        + command.arguments().getFirst());
                end(127);
                return;
            }
            try {
                openFiles();
                end(program.main(this));
            } catch (InterruptedException e) {
                // ended by a signal, which has been told
            } catch (IOException e) {
                report("refused errno=2 reason=cannot open " + e.getMessage());
                end(125);
            } catch (Exception e) {
                end(1006);
            }
        }

        private void openFiles() throws IOException {
            if (command.files().isEmpty()) {
                return;
            }
            StreamFiles files = command.files().get();
            var options = new ArrayList<OpenOption>(List.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE));
            if (!files.append()) {
                options.add(StandardOpenOption.TRUNCATE_EXISTING);
            }
            Files.newOutputStream(Path.of(files.stdout()), options.toArray(OpenOption[]::new))
                    .close();
            if (!files.stderr().equals(files.stdout())) {
                Files.newOutputStream(Path.of(files.stderr()), options.toArray(OpenOption[]::new))
                        .close();
            }
            input.add(Files.readAllBytes(Path.of(files.stdin())));
            input.add(new byte[0]);
        }

        private void end(int status) {
            synchronized (this) {
                if (ended >= 0) {
                    return;
                }
                ended = status;
                flush();
            }
            if (thread != null) {
                thread.interrupt();
            }
        }
    }

    /** From now on only these callers may use it. */
    public void admit(Predicate<Caller> callers) {
        admitted = callers;
    }

    /** A set of machines, up as long as they are not lost. */
    public static GuestMachines all(GuestMachine... machines) {
        var list = new ArrayList<>(List.of(machines));
        return new GuestMachines() {
            @Override
            public List<GuestMachine> running() {
                return list;
            }

            @Override
            public Optional<GuestMachine> find(String name) {
                return list.stream()
                        .filter(machine -> machine.name().equals(name))
                        .findFirst();
            }

            @Override
            public boolean admits(String vm, Caller caller) {
                return find(vm).map(machine -> ((FakeMachine) machine).admitted.test(caller))
                        .orElse(true);
            }

            @Override
            public List<GuestMachine> reachable() {
                return list.stream()
                        .filter(machine -> ((FakeMachine) machine).reachable)
                        .toList();
            }

            @Override
            public Optional<String> gone(String name) {
                return find(name).isEmpty()
                        ? Optional.of("VM " + name + " is not there any more")
                        : find(name).flatMap(machine -> ((FakeMachine) machine).gone());
            }
        };
    }
}
