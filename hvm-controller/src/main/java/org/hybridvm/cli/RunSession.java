// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.hybridvm.Problem;
import org.hybridvm.api.RunFrame;

/**
 * The terminal's end of a run stream: standard input, output and signals of this process become the job's. If hvmd goes away
 * the job goes on; this side connects to the next hvmd and says where each stream stands, so that no byte is lost or written
 * twice.
 *
 * <p>One thread reads frames and writes output; one daemon thread reads standard input as far as the guest has room.
 * Signals may come from any thread.
 */
final class RunSession {
    /** How much output the guest may be ahead of us. */
    static final int WINDOW = 256 * 1024;

    /** How long hvmd may be away. */
    private static final Duration AWAY_LIMIT = Duration.ofSeconds(30);

    private static final Duration PAUSE = Duration.ofMillis(50);
    private static final int STDIN_CHUNK = 32 * 1024;

    private final Connector connector;
    private final InputStream in;
    private final OutputStream out;
    private final OutputStream err;
    private final Observer observer;
    private final String key = UUID.randomUUID().toString();

    private final Object lock = new Object();
    private HttpConnection connection; // null: none, or hvmd has not answered; guarded by lock
    private final List<Integer> signals = new ArrayList<>(); // that hvmd could not be told; guarded by lock
    private final InputTail input = new InputTail(); // guarded by lock
    private long inputLimit; // guarded by lock
    private boolean inputFlows; // hvmd has said from where on it wants it; guarded by lock
    private boolean inputEnded; // guarded by lock

    private final long[] written = new long[RunFrame.STDERR + 1]; // the reading thread's, as all that follows
    private boolean outputBroken;
    private int reports;
    private boolean accepted;
    private long deadline;

    /** Ways to hvmd. */
    interface Connector {
        /** @throws IOException if there is none now */
        HttpConnection connect() throws IOException;
    }

    /** Hears what is no output. */
    interface Observer {
        void job(JsonObject job);

        void pending(String reason);

        void report(String line);
    }

    RunSession(Connector connector, InputStream in, OutputStream out, OutputStream err, Observer observer) {
        this.connector = connector;
        this.in = in;
        this.out = out;
        this.err = err;
        this.observer = observer;
    }

    /**
     * Has a job started and carries bytes until it ends.
     *
     * @param request what to run, as JSON can write it
     * @return its result, as hvmd tells it
     * @throws HvmException if hvmd refuses it; then nothing has been run
     * @throws IOException if hvmd goes away before the end, and does not come back
     */
    JsonObject run(Map<String, Object> request) throws IOException {
        answered();
        while (true) {
            try (HttpConnection present = connect()) {
                return converse(present, request);
            } catch (IOException e) {
                tryAgain(e);
            } catch (HvmException e) {
                if (e.code() != ErrorCode.SHUTTING_DOWN) {
                    throw e;
                }
                tryAgain(new IOException(e.getMessage(), e));
            } finally {
                disconnected();
            }
        }
    }

    /** While a job of ours goes on, an hvmd that cannot be started is one that is away; one that refuses us is there. */
    private HttpConnection connect() throws IOException {
        try {
            return connector.connect();
        } catch (HvmException e) {
            boolean refused = e.code() == ErrorCode.UNAUTHENTICATED || e.code() == ErrorCode.FORBIDDEN;
            if (!accepted || refused) {
                throw e;
            }
            throw new IOException(e.getMessage(), e);
        }
    }

    /** Sends a signal to the job; if hvmd is away, when it is back. */
    void signal(int number) {
        synchronized (lock) {
            if (connection == null) {
                signals.add(number);
            } else {
                sendIfOpen(connection, RunFrame.signal(number));
            }
        }
    }

    private JsonObject converse(HttpConnection present, Map<String, Object> request) throws IOException {
        var again = new LinkedHashMap<>(request);
        again.put("key", key);
        again.put("reports", reports);
        send(present, RunFrame.run(Json.write(again)));
        for (int stream = RunFrame.STDOUT; stream <= RunFrame.STDERR; stream++) {
            sendIfOpen(present, RunFrame.credit(stream, written[stream], WINDOW));
        }
        byte[] headerBytes = new byte[RunFrame.HEADER_SIZE];
        while (true) {
            present.readFully(headerBytes);
            RunFrame frame = readFrame(present, headerBytes);
            switch (frame.type()) {
                case DATA -> write(present, frame);
                case CREDIT -> takeInputCredit(present, frame.credit());
                case JOB -> connected(present, JsonObject.parse(frame.text()));
                case REFUSED -> throw Problem.fromJson(JsonObject.parse(frame.text()));
                case PENDING -> observer.pending(frame.text());
                case RUNNING -> {}
                case REPORT -> {
                    reports++;
                    observer.report(frame.text());
                }
                case END -> {
                    return JsonObject.parse(frame.text());
                }
                case DATA_END, SIGNAL, RUN -> throw new IOException("hvmd sent a " + frame.type() + " frame");
            }
        }
    }

    private void connected(HttpConnection present, JsonObject job) {
        answered();
        synchronized (lock) {
            connection = present;
            signals.forEach(number -> sendIfOpen(present, RunFrame.signal(number)));
            signals.clear();
        }
        if (!accepted) {
            accepted = true;
            Thread.ofPlatform().daemon().name("stdin").start(this::pumpStdin);
            observer.job(job);
        }
    }

    private void disconnected() {
        synchronized (lock) {
            connection = null;
            inputFlows = false;
        }
    }

    private void answered() {
        deadline = System.nanoTime() + AWAY_LIMIT.toNanos();
    }

    private void tryAgain(IOException why) throws IOException {
        if (System.nanoTime() > deadline) {
            throw why;
        }
        try {
            Thread.sleep(PAUSE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw why;
        }
    }

    private RunFrame readFrame(HttpConnection present, byte[] headerBytes) throws IOException {
        try {
            var header = RunFrame.Header.decode(ByteBuffer.wrap(headerBytes));
            byte[] payload = new byte[header.length()];
            present.readFully(payload);
            return new RunFrame(header.type(), header.stream(), payload);
        } catch (IllegalArgumentException e) {
            throw new IOException("hvmd sent " + e.getMessage(), e);
        }
    }

    private void write(HttpConnection present, RunFrame data) {
        boolean stdout = data.stream() == RunFrame.STDOUT;
        OutputStream target = stdout ? out : err;
        if (!(stdout && outputBroken)) {
            try {
                target.write(data.payload());
                target.flush();
            } catch (IOException e) {
                if (stdout) {
                    outputBroken = true;
                    signal(Signals.PIPE); // as the program would have got on a pipe of its own
                }
            }
        }
        written[data.stream()] += data.payload().length;
        sendIfOpen(present, RunFrame.credit(data.stream(), written[data.stream()], WINDOW));
    }

    private void pumpStdin() {
        byte[] buffer = new byte[STDIN_CHUNK];
        try {
            while (true) {
                int room = awaitInputRoom(buffer.length);
                int read = in.read(buffer, 0, room);
                if (read < 0) {
                    break;
                }
                synchronized (lock) {
                    byte[] piece = Arrays.copyOf(buffer, read);
                    input.add(piece);
                    sendInput(RunFrame.data(RunFrame.STDIN, piece));
                }
            }
        } catch (IOException ignored) {
            // our input failed: tell the program that there is no more
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        synchronized (lock) {
            inputEnded = true;
            sendInput(RunFrame.dataEnd(RunFrame.STDIN));
        }
    }

    /** If hvmd does not want it now, it asks for it when it is back. Under the lock. */
    private void sendInput(RunFrame frame) {
        if (inputFlows && connection != null) {
            sendIfOpen(connection, frame);
        }
    }

    private void takeInputCredit(HttpConnection present, RunFrame.Credit credit) {
        synchronized (lock) {
            if (!inputFlows) {
                inputFlows = true;
                input.after(credit.taken()).forEach(piece -> sendIfOpen(present, RunFrame.data(RunFrame.STDIN, piece)));
                if (inputEnded) {
                    sendIfOpen(present, RunFrame.dataEnd(RunFrame.STDIN));
                }
            }
            input.forget(credit.taken());
            inputLimit = Math.max(inputLimit, credit.taken() + credit.window());
            lock.notifyAll();
        }
    }

    private int awaitInputRoom(int most) throws InterruptedException {
        synchronized (lock) {
            while (inputLimit <= input.end()) {
                lock.wait();
            }
            return (int) Math.min(most, inputLimit - input.end());
        }
    }

    /** hvmd may be gone, or have sent the end, which is still unread here: only reading tells what happened. */
    private void sendIfOpen(HttpConnection present, RunFrame frame) {
        try {
            send(present, frame);
        } catch (IOException ignored) {
            // see above
        }
    }

    private void send(HttpConnection present, RunFrame frame) throws IOException {
        synchronized (present) {
            present.write(ByteBuffer.wrap(frame.encode()));
        }
    }
}
