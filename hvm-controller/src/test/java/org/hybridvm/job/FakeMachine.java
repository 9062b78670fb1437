// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A guest in memory, whose programs are Java. It keeps the rules that the real one keeps: output only within the credit
 * granted, input credit told, calls to the listener one after the other from a thread of its own, the end last.
 */
public final class FakeMachine implements GuestMachine, AutoCloseable {
    public static final int STDIN_WINDOW = 64 * 1024;

    private final String name;
    private final List<Path> mounts;
    private final List<Partition> partitions;
    private final Map<String, Program> programs = new ConcurrentHashMap<>();
    private final List<Process> processes = new CopyOnWriteArrayList<>();
    private final List<GuestCommand> commands = new CopyOnWriteArrayList<>();

    public FakeMachine(String name, int hrtCores, Path... mounts) {
        this.name = name;
        this.mounts = List.of(mounts);
        this.partitions = List.of(
                new Partition("linux", PartitionKind.LINUX, 1), new Partition("hrt", PartitionKind.HRT, hrtCores));
    }

    /** What a program does; its answer is the exit status. */
    public interface Program {
        int main(Process process) throws Exception;
    }

    public FakeMachine install(String path, Program program) {
        programs.put(path, program);
        return this;
    }

    public List<GuestCommand> commands() {
        return List.copyOf(commands);
    }

    /** The agent or the VM dies: every process is lost. */
    public void lose(String reason) {
        processes.forEach(process -> process.end(() -> process.listener.lost(reason)));
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
    public GuestProcess start(GuestCommand command, GuestProcess.Listener listener) {
        commands.add(command);
        var process = new Process(command, listener);
        processes.add(process);
        process.begin(programs.get(command.arguments().getFirst()));
        return process;
    }

    @Override
    public void close() {
        processes.forEach(process -> process.signal(9));
    }

    /** A running program. */
    public static final class Process implements GuestProcess {
        private final GuestCommand command;
        private final Listener listener;
        private final ExecutorService channel =
                Executors.newSingleThreadExecutor(Thread.ofVirtual().factory());
        private final BlockingQueue<byte[]> input = new LinkedBlockingQueue<>();
        private final BlockingQueue<Integer> signals = new LinkedBlockingQueue<>();
        private final AtomicBoolean ended = new AtomicBoolean();
        private final long[] credit = new long[OutputStreamKind.values().length]; // guarded by itself
        private volatile boolean catchesSignals;
        private volatile Thread thread;

        private Process(GuestCommand command, Listener listener) {
            this.command = command;
            this.listener = listener;
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
            if (bytes.length > 0) {
                channel.execute(() -> listener.stdinCredit(bytes.length));
            }
            return bytes;
        }

        /** Blocks until the stream has credit for all of the text. */
        public void write(OutputStreamKind stream, String text) throws InterruptedException {
            write(stream, text.getBytes(StandardCharsets.UTF_8));
        }

        public void write(OutputStreamKind stream, byte[] bytes) throws InterruptedException {
            int at = 0;
            while (at < bytes.length) {
                int size = takeCredit(stream, bytes.length - at);
                ByteBuffer part = ByteBuffer.wrap(bytes, at, size).slice();
                channel.execute(() -> listener.output(stream, part));
                at += size;
            }
        }

        public void report(String line) {
            channel.execute(() -> listener.report(line));
        }

        @Override
        public void stdin(ByteBuffer bytes) {
            byte[] copy = new byte[bytes.remaining()];
            bytes.get(copy);
            input.add(copy);
        }

        @Override
        public void closeStdin() {
            input.add(new byte[0]);
        }

        @Override
        public void grant(OutputStreamKind stream, int bytes) {
            synchronized (credit) {
                credit[stream.ordinal()] += bytes;
                credit.notifyAll();
            }
        }

        @Override
        public void signal(int number) {
            if (catchesSignals && number != 9) {
                signals.add(number);
                return;
            }
            end(() -> listener.signalled(number));
        }

        private void begin(Program program) {
            channel.execute(() -> listener.stdinCredit(STDIN_WINDOW));
            thread = Thread.ofVirtual().start(() -> run(program));
        }

        private void run(Program program) {
            if (program == null) {
                report("refused errno=2 reason=No such file or directory: "
                        + command.arguments().getFirst());
                end(() -> listener.exited(127));
                return;
            }
            try {
                int status = program.main(this);
                end(() -> listener.exited(status));
            } catch (InterruptedException e) {
                // ended by a signal or lost, which has been told
            } catch (Exception e) {
                end(() -> listener.signalled(6));
            }
        }

        private void end(Runnable last) {
            if (ended.compareAndSet(false, true)) {
                channel.execute(last);
                if (thread != null) {
                    thread.interrupt();
                }
            }
        }

        private int takeCredit(OutputStreamKind stream, int most) throws InterruptedException {
            synchronized (credit) {
                while (credit[stream.ordinal()] == 0) {
                    credit.wait();
                }
                int size = (int) Math.min(most, credit[stream.ordinal()]);
                credit[stream.ordinal()] -= size;
                return size;
            }
        }
    }

    /** A set of machines that are all up. */
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
        };
    }
}
