// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import io.vertx.ext.web.RoutingContext;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.hybridvm.HvmException;
import org.hybridvm.access.AuditEntry;
import org.hybridvm.access.AuditLog;

/**
 * One request's part in the audit log: what changes something is written down with its answer, and what is only looked at
 * if it was refused for want of rights. On disk before the answer leaves.
 */
final class Audited {
    private static final String KEY = Audited.class.getName();

    /** These change nothing, though they have a body. */
    private static final Pattern LOOKS = Pattern.compile("/v1/layouts/(validate|plan)");

    private static final Pattern VM = Pattern.compile("/v1/vms/([^/]+)(?:/partitions/([^/]+))?(?:/.*)?");
    private static final Pattern OTHER = Pattern.compile("/v1/(job|token)s/([^/]+)(?:/.*)?");

    /** HTTP: 101 Switching Protocols. */
    private static final int SWITCHING = 101;

    private final AuditLog log;
    private final RoutingContext request;

    private Audited(AuditLog log, RoutingContext request) {
        this.log = log;
        this.request = request;
    }

    /** The first of all that is done with a request. */
    static void begin(RoutingContext request, AuditLog log) {
        request.put(KEY, new Audited(log, request));
    }

    /** Null if the request was refused before it was read. */
    static Audited of(RoutingContext request) {
        return request.get(KEY);
    }

    /** Whether it changes something. Opening a job's stream is done by GET, and told by the stream itself. */
    boolean changes() {
        HttpMethod method = request.request().method();
        return method != HttpMethod.GET
                && method != HttpMethod.HEAD
                && !LOOKS.matcher(request.normalizedPath()).matches();
    }

    /** Done: then {@code answer} may leave. On the request's event loop, as all but {@link #write}. */
    static void done(RoutingContext request, int status, Object facts, Runnable answer) {
        Audited audited = of(request);
        if (audited != null && audited.changes()) {
            audited.thenAnswer(audited.write(status, audited.subject(facts), null), answer);
        } else {
            answer.run();
        }
    }

    /** Refused: then {@code answer} may leave. */
    static void refused(RoutingContext request, HvmException refusal, Runnable answer) {
        Audited audited = of(request);
        if (audited != null && (audited.changes() || isForWantOfRights(refusal))) {
            audited.thenAnswer(audited.writeRefusal(refusal), answer);
        } else {
            answer.run();
        }
    }

    CompletableFuture<Void> writeRefusal(HvmException refusal) {
        return write(refusal.code().httpStatus(), subject(null), refusal.code().wireName());
    }

    /** A stream is about to be opened by GET; completes when that is on disk. */
    CompletableFuture<Void> writeOpening() {
        return write(SWITCHING, subject(null), null);
    }

    /** From any thread. */
    CompletableFuture<Void> write(int status, String subject, String code) {
        HttpServerRequest http = request.request();
        SocketAddress peer = http.remoteAddress();
        String source = http.isSSL() && peer != null ? peer.hostAddress() + ":" + peer.port() : "unix";
        return log.write(new AuditEntry(
                Callers.of(request), source, http.method().name(), request.normalizedPath(), subject, status, code));
    }

    /** What has been done has been done: the log's failure is in hvmd's log, and nothing more is changed until it mends. */
    private void thenAnswer(CompletableFuture<Void> written, Runnable answer) {
        Future.fromCompletionStage(written, request.vertx().getOrCreateContext())
                .onComplete(ignored -> answer.run());
    }

    private static boolean isForWantOfRights(HvmException refusal) {
        return switch (refusal.code()) {
            case FORBIDDEN, UNAUTHENTICATED -> true;
            default -> refusal.getCause() instanceof SecurityException;
        };
    }

    /** By the path; of what is new by the answer. */
    private String subject(Object facts) {
        String path = request.normalizedPath();
        Matcher vm = VM.matcher(path);
        if (vm.matches()) {
            return "vm/" + vm.group(1) + (vm.group(2) == null ? "" : "/" + vm.group(2));
        }
        Matcher other = OTHER.matcher(path);
        if (other.matches()) {
            return other.group(1) + "/" + other.group(2);
        }
        if (facts instanceof Map<?, ?> answer) {
            for (String kind : new String[] {"job", "token"}) {
                if (answer.containsKey(kind)) {
                    return kind + "/" + answer.get(kind);
                }
            }
            if (path.equals("/v1/vms")) {
                return "vm/" + answer.get("name");
            }
        }
        return path.startsWith("/v1/daemon") ? "daemon" : "";
    }
}
