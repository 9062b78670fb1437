// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.netty.channel.ChannelException;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.nio.channels.ClosedChannelException;
import java.nio.file.InvalidPathException;
import java.time.Duration;
import java.util.Optional;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.Json;
import org.hybridvm.Problem;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The forms that answers have. Called on the request's event loop. */
final class Responses {
    private static final Logger LOG = LoggerFactory.getLogger(Responses.class);

    private Responses() {}

    static void json(RoutingContext request, Object value) {
        Audited.done(request, 200, value, () -> json(request.response(), 200, "application/json", value));
    }

    /** An answer about health: JSON, with a problem's type if it is one. */
    static void health(RoutingContext request, int status, Object value) {
        json(request.response(), status, status < 400 ? "application/json" : Problem.CONTENT_TYPE, value);
    }

    static void text(RoutingContext request, String text) {
        request.response()
                .putHeader("Content-Type", "text/plain; charset=utf-8")
                .end(text);
    }

    static void nothing(RoutingContext request) {
        Audited.done(
                request, 204, null, () -> request.response().setStatusCode(204).end());
    }

    /** Answers with a problem, or cuts the connection if an answer has begun. */
    static void problem(RoutingContext request, Throwable failure) {
        if (isGone(failure)) {
            return;
        }
        HvmException error = asHvmException(failure);
        Audited.refused(request, error, () -> send(request, error));
    }

    private static void send(RoutingContext request, HvmException error) {
        HttpServerResponse response = request.response();
        if (response.ended() || response.closed()) {
            return;
        }
        if (response.headWritten()) {
            request.request().connection().close();
            return;
        }
        error.retryAfter()
                .or(() -> retryAfter(error.code()))
                .ifPresent(wait -> response.putHeader("Retry-After", String.valueOf(wait.toSeconds())));
        json(response, error.code().httpStatus(), Problem.CONTENT_TYPE, Problem.toJson(error));
    }

    /** Nobody is there any more. */
    private static boolean isGone(Throwable failure) {
        return failure instanceof HttpClosedException
                || failure instanceof ClosedChannelException
                || (failure instanceof ChannelException && failure.getCause() instanceof ClosedChannelException);
    }

    /** For what passes by itself. */
    private static Optional<Duration> retryAfter(ErrorCode code) {
        return switch (code) {
            case TOO_MANY_REQUESTS, SHUTTING_DOWN -> Optional.of(Duration.ofSeconds(1));
            case TOO_MANY_STREAMS -> Optional.of(Duration.ofSeconds(5));
            case STORE_UNAVAILABLE -> Optional.of(Duration.ofSeconds(10));
            default -> Optional.empty();
        };
    }

    /** What is no {@link HvmException} is a mistake of ours: logged in full, told in short. */
    static HvmException asHvmException(Throwable failure) {
        if (failure instanceof HvmException known) {
            return known;
        }
        if (failure instanceof InvalidPathException path) {
            return HvmException.of(ErrorCode.INVALID_REQUEST, "This cannot be the path of a file")
                    .value(path.getReason())
                    .cause(path)
                    .build();
        }
        LOG.error("unexpected failure", failure);
        return HvmException.of(ErrorCode.INTERNAL, "hvmd failed")
                .value(failure)
                .hint("hvm logs hvmd")
                .cause(failure)
                .build();
    }

    private static void json(HttpServerResponse response, int status, String type, Object value) {
        response.setStatusCode(status).putHeader("Content-Type", type).end(Json.write(value) + "\n");
    }
}
