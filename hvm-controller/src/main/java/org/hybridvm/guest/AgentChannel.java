// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * The byte stream to an agent, as frames: one thread reads, one writes, so that whoever sends never waits for the guest.
 * What waits to be written is bounded by the credit that the agent gave, plus control frames.
 */
final class AgentChannel implements AutoCloseable {
    private static final int NONCE_SIZE = 16;

    private final SocketChannel socket;
    private final FrameReader reader;
    private final LinkedBlockingQueue<Frame> outgoing = new LinkedBlockingQueue<>();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final Thread writer;
    private volatile Receiver receiver;

    private AgentChannel(SocketChannel socket) {
        this.socket = socket;
        this.reader = new FrameReader(socket);
        this.writer = Thread.ofVirtual().name("agent-writer").start(this::write);
    }

    /** Hears the frames, one after the other, and the end. */
    interface Receiver {
        void accept(Frame frame) throws ProtocolException;

        /** The channel is gone; {@code reason} is a sentence. Not after {@link AgentChannel#close}. */
        void lost(String reason);
    }

    /** What the agent said of itself when it answered. */
    record Greeting(AgentChannel channel, Fields fields) {}

    /**
     * Connects and greets the agent; whatever comes before its answer was meant for somebody else.
     *
     * @param instance of the state folder whose jobs the agent may keep
     * @throws IOException if nobody listens, or the answer does not come within the limit
     */
    static Greeting connect(Path path, byte[] instance, Duration limit) throws IOException {
        var socket = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            socket.connect(UnixDomainSocketAddress.of(path));
        } catch (IOException e) {
            socket.close();
            throw new IOException("the agent's socket " + path + " does not answer: " + e.getMessage(), e);
        }
        var channel = new AgentChannel(socket);
        try {
            return new Greeting(channel, channel.greet(instance, limit));
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /** Begins to hand on frames. */
    void start(Receiver receiver) {
        this.receiver = receiver;
        Thread.ofVirtual().name("agent-reader").start(() -> read(receiver));
    }

    /** Sends a frame some time later; does not block. After the end it does nothing. */
    void send(Frame frame) {
        if (!closed.get()) {
            outgoing.add(frame);
        }
    }

    /** Ends the channel as if it had broken; the receiver hears {@code reason}. Once it was started. */
    void giveUp(String reason) {
        end(receiver::lost, reason);
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            writer.interrupt();
            closeSocket();
        }
    }

    private Fields greet(byte[] instance, Duration limit) throws IOException {
        byte[] nonce = new byte[NONCE_SIZE];
        new SecureRandom().nextBytes(nonce);
        var reply = new CompletableFuture<Fields>();
        Thread.ofVirtual().name("agent-greeting").start(() -> {
            try {
                reply.complete(awaitReply(nonce));
            } catch (IOException e) {
                reply.completeExceptionally(e);
            }
        });
        send(new Frame(
                FrameType.HELLO,
                0,
                new Fields()
                        .bytes(FieldTag.NONCE, nonce)
                        .bytes(FieldTag.INSTANCE, instance)
                        .encode()));
        try {
            return reply.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new IOException("the agent did not answer within " + limit.toSeconds() + " s", e);
        } catch (ExecutionException e) {
            throw new IOException(
                    e.getCause() instanceof EOFException
                            ? "QEMU closed the agent's channel before the agent answered"
                            : e.getCause().getMessage(),
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private Fields awaitReply(byte[] nonce) throws IOException {
        while (true) {
            Frame frame = reader.next();
            if (frame.type() == FrameType.HELLO_REPLY && frame.stream() == 0) {
                Fields fields = Fields.decode(frame.payload());
                if (fields.all(FieldTag.NONCE).stream().anyMatch(one -> Arrays.equals(one, nonce))) {
                    reader.trust();
                    return fields;
                }
            }
        }
    }

    private void read(Receiver receiver) {
        try {
            while (true) {
                receiver.accept(reader.next());
            }
        } catch (ProtocolException e) {
            end(receiver::lost, "the guest's agent broke the protocol: " + e.getMessage());
        } catch (IOException e) { // the end of the stream, or a reset if something was left unread
            end(receiver::lost, "QEMU ended: it closed the agent's channel");
        }
    }

    private void end(Consumer<String> lost, String reason) {
        if (closed.compareAndSet(false, true)) {
            writer.interrupt();
            closeSocket();
            lost.accept(reason);
        }
    }

    private void write() {
        try {
            while (true) {
                var bytes = outgoing.take().encode();
                while (bytes.hasRemaining()) {
                    socket.write(bytes);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            closeSocket(); // the reader meets the same end and tells it
        }
    }

    private void closeSocket() {
        try {
            socket.close();
        } catch (IOException e) {
            // it is given up anyway
        }
    }
}
