// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.hybridvm.job.GuestProcess;
import org.hybridvm.job.JobKey;
import org.hybridvm.job.JobResult;
import org.hybridvm.job.OutputStreamKind;

/** A job's stream on the channel: its methods send frames, the agent's frames become calls of its listener. */
final class AgentProcess implements GuestProcess {
    private static final int ENOENT = 2;
    private static final int EACCES = 13;
    private static final int ENOEXEC = 8;
    private static final int KIND_STDIN = 0;
    private static final int KIND_STDOUT = 1;
    private static final int KIND_STDERR = 2;
    private static final int KIND_REPORT = 3;
    private static final int MAX_REPORT = 4096;

    /** How far an output stream has come, and may come. */
    private static final class Flow {
        private long received;
        private long limit;
        private boolean wanted;
    }

    private final JobKey key;
    private final int stream;
    private final String partition;
    private final Listener listener;
    private final Consumer<Frame> sender;
    private final AtomicBoolean ended = new AtomicBoolean();
    private final Map<OutputStreamKind, Flow> flows = new EnumMap<>(OutputStreamKind.class); // guarded by itself
    private long reports; // the channel's

    /** Why it ends as failed, whatever its status: its partition failed under it. */
    private volatile String doom;

    /**
     * @param partition that it runs on
     * @param reports lines of its report that are on disk
     * @param sender sends a frame, without blocking
     */
    AgentProcess(JobKey key, String partition, long reports, Listener listener, Consumer<Frame> sender) {
        this.partition = partition;
        this.key = key;
        this.stream = key.job();
        this.reports = reports;
        flows.put(OutputStreamKind.STDOUT, new Flow());
        flows.put(OutputStreamKind.STDERR, new Flow());
        this.listener = listener;
        this.sender = sender;
    }

    @Override
    public void stdin(ByteBuffer bytes) {
        while (bytes.hasRemaining()) {
            byte[] part = new byte[Math.min(bytes.remaining(), Frame.MAX_PAYLOAD)];
            bytes.get(part);
            send(new Frame(FrameType.STDIN, stream, part));
        }
    }

    @Override
    public void closeStdin() {
        send(Frame.empty(FrameType.STDIN_END, stream));
    }

    @Override
    public void grant(OutputStreamKind kind, long taken, int window) {
        synchronized (flows) {
            Flow flow = flows.get(kind);
            if (!flow.wanted) {
                flow.received = taken;
            }
            flow.wanted = true;
            flow.limit = Math.max(flow.limit, taken + window);
        }
        send(credit(kind == OutputStreamKind.STDOUT ? KIND_STDOUT : KIND_STDERR, taken, window));
    }

    private Frame credit(int kind, long offset, int number) {
        return new Frame(
                FrameType.CREDIT,
                stream,
                new Fields()
                        .number(FieldTag.STREAM_KIND, kind)
                        .longNumber(FieldTag.OFFSET, offset)
                        .number(FieldTag.NUMBER, number)
                        .encode());
    }

    /** Also when it has ended. */
    @Override
    public void release() {
        sender.accept(releaseOf(key));
    }

    static Frame releaseOf(JobKey key) {
        return new Frame(
                FrameType.RELEASE,
                key.job(),
                new Fields().number(FieldTag.RESTARTS, key.restarts()).encode());
    }

    @Override
    public void signal(int number) {
        send(new Frame(
                FrameType.SIGNAL,
                stream,
                new Fields().number(FieldTag.NUMBER, number).encode()));
    }

    /**
     * Takes a frame of this stream. Answers whether it was the last one.
     *
     * @throws ProtocolException if the agent did what it must not
     */
    boolean accept(Frame frame) throws ProtocolException {
        switch (frame.type()) {
            case STARTED -> {}
            case CREDIT -> credit(Fields.decode(frame.payload()));
            case STDOUT -> output(OutputStreamKind.STDOUT, frame.payload());
            case STDERR -> output(OutputStreamKind.STDERR, frame.payload());
            case REPORT -> report(frame.payload());
            case REFUSED -> refused(Fields.decode(frame.payload()));
            case EXIT -> exit(Fields.decode(frame.payload()));
            default -> throw new ProtocolException("a " + frame.type() + " frame in a job's stream");
        }
        return ended.get();
    }

    /** The channel is gone, for instance because its VM was destroyed for the partition that failed. */
    void lost(String reason) {
        if (ended.compareAndSet(false, true)) {
            if (doom != null) {
                listener.failed(doom);
            } else {
                listener.lost(reason);
            }
        }
    }

    /** The partition failed. */
    void doom(String failed, String reason) {
        if (failed.equals(partition)) {
            doom = reason;
        }
    }

    private void send(Frame frame) {
        if (!ended.get()) {
            sender.accept(frame);
        }
    }

    private void credit(Fields fields) throws ProtocolException {
        int bytes = fields.require(FieldTag.NUMBER);
        long accepted = fields.requireLong(FieldTag.OFFSET);
        if (fields.require(FieldTag.STREAM_KIND) != KIND_STDIN || bytes < 0) {
            throw new ProtocolException("credit for what an agent does not receive");
        }
        listener.stdinCredit(accepted, bytes);
    }

    private void output(OutputStreamKind kind, byte[] bytes) throws ProtocolException {
        synchronized (flows) {
            Flow flow = flows.get(kind);
            flow.received += bytes.length;
            if (!flow.wanted || flow.received > flow.limit) {
                throw new ProtocolException("more output than it was allowed");
            }
        }
        listener.output(kind, ByteBuffer.wrap(bytes));
    }

    private void report(byte[] bytes) {
        listener.report(line(bytes));
        reports++;
        send(credit(KIND_REPORT, reports, 0));
    }

    private void refused(Fields fields) throws ProtocolException {
        int error = fields.require(FieldTag.NUMBER);
        String reason = fields.text(FieldTag.TEXT).orElse("errno " + error);
        if (ended.compareAndSet(false, true)) {
            listener.report("refused errno=" + error + " reason=" + reason);
            listener.exited(
                    switch (error) {
                        case ENOENT -> JobResult.NOT_FOUND;
                        case EACCES, ENOEXEC -> JobResult.NOT_RUNNABLE;
                        default -> JobResult.NOT_THE_PROGRAM;
                    });
        }
    }

    private void exit(Fields fields) throws ProtocolException {
        int signal = fields.number(FieldTag.EXIT_SIGNAL).orElse(0);
        int status = signal > 0 ? 0 : fields.require(FieldTag.EXIT_CODE);
        if (signal < 0 || signal > 64 || status < 0 || status > 255) {
            throw new ProtocolException("exit status " + status + ", signal " + signal);
        }
        if (doom != null && ended.compareAndSet(false, true)) {
            listener.failed(doom);
        } else if (ended.compareAndSet(false, true)) {
            if (signal > 0) {
                listener.signalled(signal);
            } else {
                listener.exited(status);
            }
        }
    }

    private static String line(byte[] bytes) {
        return new String(bytes, 0, Math.min(bytes.length, MAX_REPORT), StandardCharsets.UTF_8).strip();
    }
}
