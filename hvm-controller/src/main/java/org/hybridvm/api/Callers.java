// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Future;
import io.vertx.core.http.HttpConnection;
import io.vertx.ext.web.RoutingContext;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.access.AccessRules;
import org.hybridvm.access.Caller;
import org.hybridvm.access.Role;

/** Tells every request whose it is, and refuses those of callers who lack the role for it. */
final class Callers {
    private static final String KEY = Callers.class.getName();

    private final AccessRules rules;
    private final Blocking blocking;
    private final Map<HttpConnection, Future<Optional<Caller>>> peers = new ConcurrentHashMap<>();

    Callers(AccessRules rules, Blocking blocking) {
        this.rules = rules;
        this.blocking = blocking;
    }

    /** Finds out who has connected, once for all requests of the connection. On its event loop. */
    void connected(HttpConnection connection) {
        peers.put(connection, blocking.call(() -> PeerCredentials.caller(connection, rules)));
        connection.closeHandler(ignored -> peers.remove(connection));
    }

    /** The first handler of every request; the body waits until it is known whose it is. */
    void identify(RoutingContext request) {
        request.request().pause();
        peers.getOrDefault(request.request().connection(), Future.succeededFuture(Optional.empty()))
                .map(caller -> caller.orElseThrow(Callers::unknown))
                .onSuccess(caller -> {
                    request.put(KEY, caller);
                    request.request().resume();
                    request.next();
                })
                .onFailure(failure -> {
                    request.request().resume();
                    Responses.problem(request, failure);
                });
    }

    /** Whose request it is. */
    static Caller of(RoutingContext request) {
        return request.get(KEY);
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

    private static HvmException unknown() {
        return HvmException.of(ErrorCode.FORBIDDEN, "hvmd does not serve you")
                .allowed("its own user, root, and those whom its configuration names")
                .owner("the administrator of this host")
                .hint("set HVM_HOME to a folder of your own")
                .build();
    }
}
