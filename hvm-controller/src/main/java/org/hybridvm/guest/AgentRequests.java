// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;

/**
 * What the agent is asked. Requests are numbered, so several may wait at once, from any thread; each ends by its answer, by
 * its limit, when QEMU is held or when the channel ends.
 */
final class AgentRequests {
    private final Consumer<Frame> sender;
    private final Map<Integer, CompletableFuture<Fields>> waiting = new ConcurrentHashMap<>();
    private final AtomicInteger last = new AtomicInteger();
    private volatile String end;
    private volatile Optional<String> held = Optional.empty();

    /** @param sender sends a frame, without blocking */
    AgentRequests(Consumer<Frame> sender) {
        this.sender = sender;
    }

    /** Reads what an answer says. */
    interface Reader<T> {
        T read(Fields answer) throws ProtocolException;
    }

    /** QEMU does not run; what was asked comes to nothing. */
    private static final class Held extends IOException {
        Held(String reason) {
            super(reason);
        }
    }

    /** Asks, and blocks until the answer is there and is understood. */
    <T> T ask(String name, Fields fields, Duration limit, Reader<T> reader) {
        Fields answer = ask(name, fields, limit);
        try {
            return reader.read(answer);
        } catch (ProtocolException e) {
            throw broken(e.getMessage());
        }
    }

    /**
     * Asks, and blocks until the answer is there.
     *
     * @throws HvmException if the agent refuses, does not answer in time or is gone, or the VM is stalled
     */
    Fields ask(String name, Fields fields, Duration limit) {
        int id = last.incrementAndGet();
        var answer = new CompletableFuture<Fields>();
        waiting.put(id, answer);
        sender.accept(new Frame(
                FrameType.REQUEST,
                0,
                fields.number(FieldTag.ID, id).text(FieldTag.NAME, name).encode()));
        try {
            requireChannel();
            return accepted(name, answer.get(limit.toMillis(), TimeUnit.MILLISECONDS));
        } catch (TimeoutException e) {
            throw HvmException.of(ErrorCode.GUEST_TIMEOUT, "The guest's agent does not answer")
                    .value(name + ", after " + limit.toSeconds() + " s")
                    .hint("hvm console VM")
                    .cause(e)
                    .build();
        } catch (ExecutionException e) {
            throw unanswered(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw HvmException.of(ErrorCode.SHUTTING_DOWN, "hvmd stops")
                    .cause(e)
                    .build();
        } finally {
            waiting.remove(id);
        }
    }

    /** Takes an answer; one that came too late is dropped. */
    void answer(Fields fields) throws ProtocolException {
        CompletableFuture<Fields> request = waiting.remove(fields.require(FieldTag.ID));
        if (request != null) {
            request.complete(fields);
        }
    }

    /** QEMU does not run, and nothing is to be asked until it does: then {@code reason} is empty. */
    void hold(Optional<String> reason) {
        held = reason;
        reason.ifPresent(why -> fail(new Held(why)));
    }

    boolean isHeld() {
        return held.isPresent();
    }

    /** The channel is gone. */
    void end(String reason) {
        end = reason;
        fail(new IOException(reason));
    }

    boolean hasEnded() {
        return end != null;
    }

    /** The refusal of what the agent must not say. */
    static HvmException broken(String why) {
        return HvmException.of(ErrorCode.GUEST_PROTOCOL, "The guest's agent broke the protocol")
                .value(why)
                .build();
    }

    private void fail(IOException why) {
        waiting.values().forEach(request -> request.completeExceptionally(why));
        waiting.clear();
    }

    /** After the request has its place: what ended before did not fail it. */
    private void requireChannel() throws ExecutionException {
        if (end != null) {
            throw new ExecutionException(new IOException(end));
        }
        Optional<String> reason = held;
        if (reason.isPresent()) {
            throw new ExecutionException(new Held(reason.get()));
        }
    }

    private static Fields accepted(String name, Fields answer) {
        answer.text(FieldTag.PROBLEM).ifPresent(problem -> {
            throw HvmException.of(ErrorCode.WRONG_STATE, "The guest refused: " + name)
                    .value(problem)
                    .build();
        });
        return answer;
    }

    private static HvmException unanswered(ExecutionException failure) {
        Throwable cause = failure.getCause();
        return (cause instanceof Held
                        ? HvmException.of(ErrorCode.WRONG_STATE, "The VM is stalled")
                        : HvmException.of(ErrorCode.GUEST_LOST, "The guest's agent is gone"))
                .value(cause.getMessage())
                .hint("hvm list")
                .cause(failure)
                .build();
    }
}
