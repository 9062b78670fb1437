// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.ServerWebSocket;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.hybridvm.JsonObject;
import org.hybridvm.Problem;
import org.hybridvm.config.Limits;
import org.hybridvm.job.JobAccess;
import org.hybridvm.job.JobRecord;

/**
 * Follows the output of a job for one client, as fast as the client takes it, until the job has ended; and takes signals for
 * the job. On the event loop of its connection.
 */
final class AttachStream {
    private final Vertx vertx;
    private final Context context;
    private final Blocking blocking;
    private final ServerWebSocket socket;
    private final WebSocketSink sink;
    private final JobAccess jobs;
    private final int job;
    private final AttachedOutput output;
    private final Limits limits;
    private final StallGuard guard;
    private boolean ended;

    AttachStream(
            Vertx vertx,
            Blocking blocking,
            ServerWebSocket socket,
            HttpConnection connection,
            JobAccess jobs,
            int job,
            AttachedOutput output,
            Limits limits) {
        this.vertx = vertx;
        this.context = vertx.getOrCreateContext();
        this.blocking = blocking;
        this.socket = socket;
        this.sink = new WebSocketSink(socket, connection);
        this.jobs = jobs;
        this.job = job;
        this.output = output;
        this.limits = limits;
        this.guard = new StallGuard(vertx, limits, this::tooSlow);
    }

    /** @param left run when it has ended */
    void start(Runnable left) {
        sink.onEnd(() -> {
            ended = true;
            output.leave();
            left.run();
        });
        socket.textMessageHandler(this::command);
        socket.binaryMessageHandler(ignored -> refuse(output.noInput()));
        next();
    }

    /** A piece of the output, or, where it ends, how the job ended if it has. */
    private record Found(AttachedOutput.Piece piece, Optional<JobRecord> end) {}

    private void next() {
        if (!ended) {
            blocking.call(this::look).onSuccess(this::send).onFailure(this::fail);
        }
    }

    /** The job first: what it had written before its end is there then. */
    private Found look() {
        JobRecord record = jobs.find(job);
        return new Found(
                output.read(), Optional.of(record).filter(one -> one.state().isTerminal()));
    }

    private void send(Found found) {
        if (ended) {
            return;
        }
        if (found.piece().skipped() > 0) {
            sink.write(List.of(Map.of("skipped", found.piece().skipped())));
        }
        if (found.piece().bytes().length() > 0) {
            guard.guard(socket.writeBinaryMessage(found.piece().bytes())).onSuccess(written -> next());
        } else if (found.end().isPresent()) {
            sink.write(List.of(found.end().get().toJson()));
            sink.end(null);
        } else {
            output.whenMore(() -> context.runOnContext(ignored -> next()));
        }
    }

    /** {@code {"signal": NUMBER}}. */
    private void command(String text) {
        this.<Void>checked(() -> {
            jobs.signal(job, JsonObject.parse(text).only("signal").number("signal"));
            return null;
        });
    }

    private <T> void checked(Callable<T> action) {
        blocking.call(action).onFailure(this::refuse);
    }

    /** Told, and no reason to end. */
    private void refuse(Throwable failure) {
        if (!ended) {
            sink.write(List.of(Map.of("problem", Problem.toJson(Responses.asHvmException(failure)))));
        }
    }

    private void fail(Throwable failure) {
        if (!ended) {
            sink.end(Problem.toJson(Responses.asHvmException(failure)));
        }
    }

    private void tooSlow() {
        if (!ended) {
            sink.end(StallGuard.problem(limits));
            vertx.setTimer(StallGuard.CUT_MS, ignored -> sink.cut());
        }
    }
}
