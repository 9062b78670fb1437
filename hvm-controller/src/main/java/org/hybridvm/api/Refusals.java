// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.stream.Collectors;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.Json;
import org.hybridvm.Problem;
import org.hybridvm.config.Limits;

/** Requests that no route takes, or that cannot even be read, as problems like all others. */
final class Refusals {
    private static final String SEE = "what /v1/openapi.json says";
    private static final int SHOWN = 200;

    private final Limits limits;

    Refusals(Limits limits) {
        this.limits = limits;
    }

    /** Last of all routes. */
    void mount(Router router) {
        router.route().failureHandler(this::fail);
        router.errorHandler(404, request -> Responses.problem(request, noSuchResource(request)));
        router.errorHandler(405, request -> {
            String allowed = methods(router, request.normalizedPath());
            request.response().putHeader("Allow", allowed);
            Responses.problem(request, notAllowed(request, allowed));
        });
        router.errorHandler(400, this::fail);
    }

    /** What is no HTTP, or too long; the connection cannot be used further. */
    static void unreadable(HttpServerRequest request) {
        Throwable cause = request.decoderResult().cause();
        ErrorCode code = cause instanceof TooLongHttpLineException
                ? ErrorCode.URI_TOO_LONG
                : cause instanceof TooLongHttpHeaderException ? ErrorCode.HEADERS_TOO_LARGE : ErrorCode.INVALID_REQUEST;
        HvmException error = HvmException.of(code, "The request cannot be read")
                .value(cause == null ? null : shown(String.valueOf(cause.getMessage())))
                .allowed("HTTP/1.1 within the limits of docs/api.md")
                .build();
        request.response()
                .setStatusCode(code.httpStatus())
                .putHeader("Content-Type", Problem.CONTENT_TYPE)
                .putHeader("Connection", "close")
                .end(Json.write(Problem.toJson(error)) + "\n")
                .onComplete(ignored -> request.connection().close());
    }

    /** The first handler: later ones may read path and query. */
    static void requireSense(RoutingContext request) {
        try {
            request.normalizedPath();
            request.queryParams();
        } catch (IllegalArgumentException e) {
            Responses.problem(request, senseless(request, e));
            return;
        }
        request.next();
    }

    private void fail(RoutingContext request) {
        Throwable failure = request.failure();
        if (failure instanceof HvmException) {
            Responses.problem(request, failure);
        } else if (request.statusCode() == 413) {
            Responses.problem(request, tooLarge());
        } else if (request.statusCode() >= 400 && request.statusCode() < 500) {
            Responses.problem(request, senseless(request, failure));
        } else {
            Responses.problem(request, failure == null ? senseless(request, null) : failure);
        }
    }

    private HvmException tooLarge() {
        return HvmException.of(ErrorCode.BODY_TOO_LARGE, "The request's body is too large")
                .allowed("at most " + limits.bodyBytes() + " bytes")
                .build();
    }

    private static HvmException senseless(RoutingContext request, Throwable failure) {
        return HvmException.of(ErrorCode.INVALID_REQUEST, "The request makes no sense")
                .value(
                        failure == null
                                ? "HTTP status " + request.statusCode()
                                : shown(String.valueOf(failure.getMessage())))
                .allowed(SEE)
                .cause(failure)
                .build();
    }

    private static HvmException noSuchResource(RoutingContext request) {
        return HvmException.of(ErrorCode.NO_SUCH_RESOURCE, "No such resource")
                .value(shown(request.request().path()))
                .allowed(SEE)
                .build();
    }

    /** The methods that a path has. */
    private static String methods(Router router, String path) {
        return router.getRoutes().stream()
                .filter(route ->
                        route.getPath() != null && path.matches(route.getPath().replaceAll(":[a-z]+", "[^/]+")))
                .flatMap(route -> route.methods().stream())
                .map(HttpMethod::name)
                .distinct()
                .sorted()
                .collect(Collectors.joining(", "));
    }

    private static HvmException notAllowed(RoutingContext request, String allowed) {
        return HvmException.of(ErrorCode.METHOD_NOT_ALLOWED, "The resource does not have this method")
                .value(shown(
                        request.request().method() + " " + request.request().path()))
                .allowed(allowed)
                .build();
    }

    private static String shown(String text) {
        return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "...";
    }
}
