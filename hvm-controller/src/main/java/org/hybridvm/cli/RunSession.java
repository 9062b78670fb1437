// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;
import org.hybridvm.Problem;
import org.hybridvm.api.RunFrame;

/**
 * The terminal's end of a run stream: standard input, output and signals of this process become the job's.
 *
 * <p>One thread reads frames and writes output; one daemon thread reads standard input as far as the guest has room.
 * Signals may come from any thread.
 */
final class RunSession {
    /** How much output the guest may be ahead of us. */
    static final int WINDOW = 256 * 1024;

    private static final int STDIN_CHUNK = 32 * 1024;

    private final HttpConnection connection;
    private final InputStream in;
    private final OutputStream out;
    private final OutputStream err;
    private final Observer observer;

    private final Object writeLock = new Object();
    private final Object creditLock = new Object();
    private long stdinCredit; // guarded by creditLock
    private boolean outputBroken; // the reading thread's

    /** Hears what is no output. */
    interface Observer {
        void job(JsonObject job);

        void pending(String reason);

        void report(String line);
    }

    RunSession(HttpConnection connection, InputStream in, OutputStream out, OutputStream err, Observer observer) {
        this.connection = connection;
        this.in = in;
        this.out = out;
        this.err = err;
        this.observer = observer;
    }

    /**
     * Has a job started and carries bytes until it ends.
     *
     * @param request what to run, as JSON
     * @return its result, as hvmd tells it
     * @throws HvmException if hvmd refuses it; then nothing has been run
     * @throws IOException if hvmd goes away before the end
     */
    JsonObject run(String request) throws IOException {
        send(RunFrame.run(request));
        sendIfOpen(RunFrame.credit(RunFrame.STDOUT, WINDOW));
        sendIfOpen(RunFrame.credit(RunFrame.STDERR, WINDOW));
        byte[] headerBytes = new byte[RunFrame.HEADER_SIZE];
        while (true) {
            connection.readFully(headerBytes);
            RunFrame frame = readFrame(headerBytes);
            switch (frame.type()) {
                case DATA -> write(frame);
                case CREDIT -> addStdinCredit(frame.number());
                case JOB -> {
                    Thread.ofPlatform().daemon().name("stdin").start(this::pumpStdin);
                    observer.job(JsonObject.parse(frame.text()));
                }
                case REFUSED -> throw Problem.fromJson(JsonObject.parse(frame.text()));
                case PENDING -> observer.pending(frame.text());
                case RUNNING -> {}
                case REPORT -> observer.report(frame.text());
                case END -> {
                    return JsonObject.parse(frame.text());
                }
                case DATA_END, SIGNAL, RUN -> throw new IOException("hvmd sent a " + frame.type() + " frame");
            }
        }
    }

    /** Sends a signal to the job. Does nothing if the connection is gone. */
    void signal(int number) {
        sendIfOpen(RunFrame.signal(number));
    }

    private RunFrame readFrame(byte[] headerBytes) throws IOException {
        try {
            var header = RunFrame.Header.decode(ByteBuffer.wrap(headerBytes));
            byte[] payload = new byte[header.length()];
            connection.readFully(payload);
            return new RunFrame(header.type(), header.stream(), payload);
        } catch (IllegalArgumentException e) {
            throw new IOException("hvmd sent " + e.getMessage(), e);
        }
    }

    private void write(RunFrame data) throws IOException {
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
        sendIfOpen(RunFrame.credit(data.stream(), data.payload().length));
    }

    private void pumpStdin() {
        byte[] buffer = new byte[STDIN_CHUNK];
        try {
            while (true) {
                int room = awaitStdinCredit(buffer.length);
                int read = in.read(buffer, 0, room);
                if (read < 0) {
                    send(RunFrame.dataEnd(RunFrame.STDIN));
                    return;
                }
                takeStdinCredit(read);
                send(RunFrame.data(RunFrame.STDIN, Arrays.copyOf(buffer, read)));
            }
        } catch (IOException ignored) {
            // our input failed: tell the program that there is no more; if the connection did, run() tells it
            sendIfOpen(RunFrame.dataEnd(RunFrame.STDIN));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void addStdinCredit(int bytes) {
        synchronized (creditLock) {
            stdinCredit += bytes;
            creditLock.notifyAll();
        }
    }

    private int awaitStdinCredit(int most) throws InterruptedException {
        synchronized (creditLock) {
            while (stdinCredit == 0) {
                creditLock.wait();
            }
            return (int) Math.min(most, stdinCredit);
        }
    }

    private void takeStdinCredit(int bytes) {
        synchronized (creditLock) {
            stdinCredit -= bytes;
        }
    }

    /** hvmd closes once it has sent the end, which may still be unread here: only reading tells what happened. */
    private void sendIfOpen(RunFrame frame) {
        try {
            send(frame);
        } catch (IOException ignored) {
            // see above
        }
    }

    private void send(RunFrame frame) throws IOException {
        synchronized (writeLock) {
            connection.write(ByteBuffer.wrap(frame.encode()));
        }
    }
}
