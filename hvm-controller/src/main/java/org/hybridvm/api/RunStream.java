// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetSocket;
import io.vertx.core.parsetools.RecordParser;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import org.hybridvm.HvmException;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.hybridvm.Problem;
import org.hybridvm.job.Job;
import org.hybridvm.job.JobAccess;
import org.hybridvm.job.JobListener;
import org.hybridvm.job.JobRecord;
import org.hybridvm.job.JobResult;
import org.hybridvm.job.JobService;
import org.hybridvm.job.OutputStreamKind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run stream in hvmd: frames of the client become calls of its job, and what the job says becomes frames. Credit is
 * passed on, not kept: output that waits here for the client's socket is never more than the client has granted. What the
 * client has not got the guest keeps, until the client closes after the end.
 *
 * <p>All state belongs to the event loop of the connection; the job's calls hop onto it.
 */
final class RunStream implements JobListener {
    /** How much output a client may allow at a time. */
    static final long MAX_WINDOW = 4L * 1024 * 1024;

    private static final long LINGER_MILLIS = 10_000;

    private static final Logger LOG = LoggerFactory.getLogger(RunStream.class);

    private final Context context;
    private final NetSocket socket;
    private final JobAccess jobs;
    private final Audited audited;
    private final Blocking blocking;
    private final RecordParser parser;
    private final long[] sent = new long[RunFrame.STDERR + 1]; // of each stream, since the job began
    private final long[] limit = new long[RunFrame.STDERR + 1];
    private final boolean[] begun = new boolean[RunFrame.STDERR + 1];

    private volatile Job job;
    private volatile boolean comesBack;
    private RunFrame.Header header;
    private boolean requested;
    private boolean ended;
    private volatile boolean gone;

    private RunStream(Context context, NetSocket socket, JobAccess jobs, Audited audited, Blocking blocking) {
        this.context = context;
        this.socket = socket;
        this.jobs = jobs;
        this.audited = audited;
        this.blocking = blocking;
        this.parser = RecordParser.newFixed(RunFrame.HEADER_SIZE, socket);
    }

    /** Serves the client at the other end of {@code socket} until one of the two sides ends, and runs {@code left} then. On its event loop. */
    static void serve(
            Context context, NetSocket socket, JobAccess jobs, Audited audited, Blocking blocking, Runnable left) {
        var stream = new RunStream(context, socket, jobs, audited, blocking);
        stream.parser.handler(stream::receive);
        stream.parser.exceptionHandler(failure -> LOG.debug("run stream failed", failure));
        socket.closeHandler(ignored -> {
            stream.clientGone();
            left.run();
        });
    }

    @Override
    public void accepted(Job accepted) {
        job = accepted;
        JobRecord record = accepted.record();
        var facts = new LinkedHashMap<String, Object>();
        facts.put("job", record.number());
        facts.put("vm", record.vm());
        facts.put("partition", record.partition());
        audited.write(101, "job/" + record.number(), null)
                .handle((ignored, failure) -> null)
                .join(); // JOB is to be the first frame
        send(RunFrame.text(RunFrame.Type.JOB, Json.write(facts)));
    }

    @Override
    public void pending(String reason) {
        send(RunFrame.text(RunFrame.Type.PENDING, "job " + job.number() + " " + reason));
    }

    @Override
    public void running() {
        send(RunFrame.running());
    }

    @Override
    public boolean countsForItself() {
        return true;
    }

    /** What was under way may be lost: the client asks anew, on another connection. */
    @Override
    public void reattached() {
        comesBack = true;
        context.runOnContext(ignored -> socket.close());
    }

    @Override
    public void stdinCredit(long accepted, int window) {
        context.runOnContext(ignored -> {
            if (!begun[RunFrame.STDIN]) {
                begun[RunFrame.STDIN] = true;
                sent[RunFrame.STDIN] = accepted;
            }
            limit[RunFrame.STDIN] = accepted + window;
            write(RunFrame.credit(RunFrame.STDIN, accepted, window));
        });
    }

    @Override
    public void output(OutputStreamKind stream, ByteBuffer bytes) {
        int number = stream == OutputStreamKind.STDOUT ? RunFrame.STDOUT : RunFrame.STDERR;
        while (bytes.hasRemaining()) {
            byte[] payload = new byte[Math.min(bytes.remaining(), RunFrame.MAX_PAYLOAD)];
            bytes.get(payload);
            context.runOnContext(ignored -> {
                sent[number] += payload.length;
                write(RunFrame.data(number, payload));
            });
        }
    }

    @Override
    public void report(String line) {
        send(RunFrame.text(RunFrame.Type.REPORT, line));
    }

    @Override
    public void ended(JobResult result) {
        context.runOnContext(ignored -> {
            if (!ended) {
                last(RunFrame.text(RunFrame.Type.END, Json.write(resultFacts(result))));
            }
        });
    }

    private Map<String, Object> resultFacts(JobResult result) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("job", job.number());
        facts.put("state", result.state().name());
        facts.put("status", result.status());
        facts.put("exit_code", result.exitCode());
        facts.put("signal", result.signal());
        facts.put("reason", result.reason());
        return facts;
    }

    private void send(RunFrame frame) {
        context.runOnContext(ignored -> write(frame));
    }

    private void write(RunFrame frame) {
        socket.write(Buffer.buffer(frame.encode()));
    }

    /** The client closes when it has it; one that does not is not waited for. */
    private void last(RunFrame frame) {
        ended = true;
        write(frame);
        context.owner().setTimer(LINGER_MILLIS, ignored -> socket.close());
    }

    /** Takes a header and a payload in turn. */
    private void receive(Buffer bytes) {
        try {
            if (header == null) {
                header = RunFrame.Header.decode(ByteBuffer.wrap(bytes.getBytes()));
                if (header.length() > 0) {
                    parser.fixedSizeMode(header.length());
                    return;
                }
            }
            byte[] payload = header.length() == 0 ? new byte[0] : bytes.getBytes();
            RunFrame frame = new RunFrame(header.type(), header.stream(), payload);
            header = null;
            parser.fixedSizeMode(RunFrame.HEADER_SIZE);
            handle(frame);
        } catch (IllegalArgumentException e) {
            LOG.warn("run stream closed reason={}", e.getMessage());
            socket.close();
        }
    }

    private void handle(RunFrame frame) {
        if (requested == (frame.type() == RunFrame.Type.RUN)) {
            throw new IllegalArgumentException(frame.type() + (requested ? " twice" : " before RUN"));
        }
        switch (frame.type()) {
            case RUN -> run(frame.text());
            case DATA -> stdin(frame.payload());
            case DATA_END -> job.closeStdin();
            case CREDIT -> grant(frame.stream(), frame.credit());
            case SIGNAL -> signal(frame.number());
            default -> throw new IllegalArgumentException("a client sends no " + frame.type());
        }
    }

    /** Starts the job; what the client sends meanwhile waits in its socket. */
    private void run(String request) {
        requested = true;
        parser.pause();
        blocking.call(() -> jobs.run(JobRequests.parse(JsonObject.parse(request)), this))
                .onSuccess(this::begin)
                .onFailure(this::refuse);
    }

    private void refuse(Throwable failure) {
        HvmException refusal = Responses.asHvmException(failure);
        RunFrame frame = RunFrame.text(RunFrame.Type.REFUSED, Json.write(Problem.toJson(refusal)));
        audited.writeRefusal(refusal).whenComplete((ignored, unwritten) -> context.runOnContext(now -> last(frame)));
    }

    private void begin(Job started) {
        if (gone) {
            leave(started); // while it was begun
        }
        parser.resume();
    }

    private void clientGone() {
        gone = true;
        Job left = job;
        if (left != null) {
            leave(left);
        }
    }

    private void leave(Job left) {
        boolean again = comesBack;
        try {
            blocking.call(() -> {
                jobs.leave(left, this, again);
                return null;
            });
        } catch (RejectedExecutionException e) {
            // hvmd ends; the job goes on
        }
    }

    private void stdin(byte[] payload) {
        sent[RunFrame.STDIN] += payload.length;
        if (sent[RunFrame.STDIN] > limit[RunFrame.STDIN]) {
            throw new IllegalArgumentException(
                    sent[RunFrame.STDIN] + " bytes of input, allowed " + limit[RunFrame.STDIN]);
        }
        job.stdin(ByteBuffer.wrap(payload));
    }

    private void signal(int number) {
        if (number < 1 || number > JobService.MAX_SIGNAL) {
            throw new IllegalArgumentException("signal " + number);
        }
        job.signal(number);
    }

    private void grant(int stream, RunFrame.Credit credit) {
        if (stream == RunFrame.STDIN) {
            throw new IllegalArgumentException("a client grants no input");
        }
        if (!begun[stream]) {
            begun[stream] = true;
            sent[stream] = credit.taken();
        }
        if (credit.taken() > sent[stream] || credit.window() > MAX_WINDOW) {
            throw new IllegalArgumentException(credit + ", sent " + sent[stream] + ", limit of a window " + MAX_WINDOW);
        }
        job.grant(
                stream == RunFrame.STDOUT ? OutputStreamKind.STDOUT : OutputStreamKind.STDERR,
                credit.taken(),
                credit.window());
    }
}
