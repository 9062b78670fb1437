// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Future;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.access.Caller;
import org.hybridvm.access.Role;
import org.hybridvm.access.Tokens;

/** Tells every request whose it is, and refuses those of callers who lack the role for it. */
final class Callers {
    private static final String KEY = Callers.class.getName();

    private static final String BEARER = "Bearer ";
    private static final long NOBODY = -1;

    private final AccessControl access;
    private final Blocking blocking;
    private final Map<HttpConnection, Future<Optional<Caller>>> peers = new ConcurrentHashMap<>();

    /** Over TCP: the token that was used last. */
    private final Map<HttpConnection, String> tokens = new ConcurrentHashMap<>();

    Callers(AccessControl access, Blocking blocking) {
        this.access = access;
        this.blocking = blocking;
    }

    /** Finds out who has connected to the Unix socket, once for all requests of the connection. On its event loop. */
    void connected(HttpConnection connection) {
        peers.put(connection, blocking.call(() -> PeerCredentials.caller(connection, access.rules())));
        connection.closeHandler(ignored -> peers.remove(connection));
    }

    /** The first handler of every request; the body waits until it is known whose it is. */
    void identify(RoutingContext request) {
        request.request().pause();
        Audited.begin(request, access.audit());
        caller(request)
                .compose(caller -> {
                    request.put(KEY, caller);
                    return ready(request);
                })
                .onSuccess(ignored -> {
                    request.request().resume();
                    request.next();
                })
                .onFailure(failure -> {
                    request.request().resume();
                    Responses.problem(request, failure);
                });
    }

    private Future<Caller> caller(RoutingContext request) {
        HttpConnection connection = request.request().connection();
        if (!connection.isSsl()) {
            return peers.getOrDefault(connection, Future.succeededFuture(Optional.empty()))
                    .map(caller -> caller.orElseThrow(Callers::unknown));
        }
        String header = request.request().getHeader(HttpHeaders.AUTHORIZATION);
        if (header == null || !header.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
            return Future.failedFuture(noToken());
        }
        String token = header.substring(BEARER.length()).strip();
        return blocking.call(() -> access.tokens().caller(token).orElseThrow(Callers::wrongToken))
                .onSuccess(caller -> remember(connection, Tokens.idOf(token)));
    }

    private void remember(HttpConnection connection, String token) {
        if (tokens.put(connection, token) == null) {
            connection.closeHandler(ignored -> tokens.remove(connection));
        }
    }

    /** Ends all connections that a token was used on, with the streams that they have become. From any thread. */
    void cut(String token) {
        tokens.forEach((connection, its) -> {
            if (its.equals(token)) {
                connection.close();
            }
        });
    }

    private Future<Void> ready(RoutingContext request) {
        return Audited.of(request).changes()
                ? Future.fromCompletionStage(
                        access.audit().ready(), request.vertx().getOrCreateContext())
                : Future.succeededFuture();
    }

    /** Whose request it is; null before that is known. */
    static Caller of(RoutingContext request) {
        return request.get(KEY);
    }

    /** Whose jobs he may know of, by the user's number; empty: all. */
    static OptionalLong jobsSeen(RoutingContext request) {
        Caller caller = of(request);
        if (caller.has(Role.OPERATOR)) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(caller.has(Role.USER) ? Integer.toUnsignedLong(caller.uid()) : NOBODY);
    }

    /** @throws HvmException {@link ErrorCode#FORBIDDEN} */
    static void require(RoutingContext request, Role role) {
        Caller caller = of(request);
        if (!caller.has(role)) {
            throw HvmException.of(ErrorCode.FORBIDDEN, "This takes another role")
                    .value(caller.name() + " is " + caller.role().word())
                    .allowed(role.word() + " and above")
                    .owner("the administrator of this host")
                    .hint("docs/access.md")
                    .build();
        }
    }

    private static HvmException noToken() {
        return HvmException.of(ErrorCode.UNAUTHENTICATED, "Over TCP every request needs a token")
                .allowed("Authorization: Bearer TOKEN")
                .hint("hvm token create on hvmd's host; set HVM_TOKEN or HVM_TOKEN_FILE")
                .build();
    }

    /** One answer for all reasons: who has no token learns nothing about those that there are. */
    private static HvmException wrongToken() {
        return HvmException.of(ErrorCode.UNAUTHENTICATED, "The token is wrong, expired or revoked")
                .hint("hvm token list on hvmd's host")
                .build();
    }

    private static HvmException unknown() {
        return HvmException.of(ErrorCode.FORBIDDEN, "hvmd does not serve you")
                .allowed("its own user, root, and those whom its configuration names")
                .owner("the administrator of this host")
                .hint("set HVM_HOME to a folder of your own")
                .build();
    }
}
