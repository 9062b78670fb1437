// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Future;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.Map;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;
import org.hybridvm.access.Caller;
import org.hybridvm.access.Role;
import org.hybridvm.access.Token;
import org.hybridvm.access.Tokens;

/** {@code /v1/tokens}. */
final class TokenRoutes {
    private static final int MAX_NOTE = 200;

    private final Tokens tokens;
    private final Callers callers;
    private final Blocking blocking;

    TokenRoutes(Tokens tokens, Callers callers, Blocking blocking) {
        this.tokens = tokens;
        this.callers = callers;
        this.blocking = blocking;
    }

    void mount(Router router) {
        router.get("/v1/tokens").handler(this::list);
        router.post("/v1/tokens").handler(this::create);
        router.delete("/v1/tokens/:token").handler(this::revoke);
    }

    private void list(RoutingContext request) {
        Caller caller = Callers.of(request);
        blocking.call(() -> tokens.list(caller).stream().map(Token::toJson).toList())
                .onSuccess(list -> Responses.json(request, Map.of("tokens", list)))
                .onFailure(failure -> Responses.problem(request, failure));
    }

    private void create(RoutingContext request) {
        Caller caller = Callers.of(request);
        JsonObject body = Requests.body(request);
        String user = body.text("user", caller.name());
        Role role = body.optionalText("role").map(TokenRoutes::role).orElse(caller.role());
        Duration life = Duration.ofSeconds(body.number("expires_s", Tokens.DEFAULT_LIFE.toSeconds()));
        String note = note(body.text("note", ""));
        blocking.call(() -> tokens.create(caller, user, role, life, note))
                .compose(Future::fromCompletionStage)
                .onSuccess(issued -> {
                    Map<String, Object> facts = issued.token().toJson();
                    facts.put("secret", issued.secret());
                    Responses.json(request, facts);
                })
                .onFailure(failure -> Responses.problem(request, failure));
    }

    private void revoke(RoutingContext request) {
        Caller caller = Callers.of(request);
        String id = request.pathParam("token");
        blocking.call(() -> tokens.revoke(caller, id))
                .compose(Future::fromCompletionStage)
                .onSuccess(done -> {
                    request.addEndHandler(answered -> callers.cut(id)); // it may be the one that this request came with
                    Responses.nothing(request);
                })
                .onFailure(failure -> Responses.problem(request, failure));
    }

    private static Role role(String word) {
        return Role.of(word)
                .orElseThrow(() -> HvmException.of(ErrorCode.INVALID_REQUEST, "No such role")
                        .value(word)
                        .allowed("viewer, user, operator, admin")
                        .build());
    }

    private static String note(String text) {
        if (text.length() > MAX_NOTE) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "The token's note is too long")
                    .value(text.length() + " characters")
                    .allowed("at most " + MAX_NOTE)
                    .build();
        }
        return text;
    }
}
