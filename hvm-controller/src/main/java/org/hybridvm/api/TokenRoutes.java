// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Future;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReference;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;
import org.hybridvm.access.Caller;
import org.hybridvm.access.Role;
import org.hybridvm.access.Token;
import org.hybridvm.access.Tokens;
import org.hybridvm.store.RequestKey;

/** {@code /v1/tokens}. */
final class TokenRoutes {
    private static final int MAX_NOTE = 200;

    private final Tokens tokens;
    private final Callers callers;
    private final Blocking blocking;
    private final KeyedCalls calls;

    TokenRoutes(Tokens tokens, Callers callers, Blocking blocking, KeyedCalls calls) {
        this.tokens = tokens;
        this.callers = callers;
        this.blocking = blocking;
        this.calls = calls;
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
        JsonObject body = Requests.body(request, "user", "role", "expires_s", "note");
        String user = body.text("user", caller.name());
        Role role = body.optionalText("role").map(TokenRoutes::role).orElse(caller.role());
        Duration life = Duration.ofSeconds(body.number("expires_s", Tokens.DEFAULT_LIFE.toSeconds()));
        String note = note(body.text("note", ""));
        Optional<RequestKey> key = RequestKeys.of(request);
        blocking.call(() -> {
                    var secret = new AtomicReference<String>(); // on no disk, so it is not in what is kept
                    var facts = new LinkedHashMap<>(calls.once(key, () -> {
                        Tokens.Issued issued = issued(tokens.create(caller, user, role, life, note));
                        secret.set(issued.secret());
                        return issued.token().toJson();
                    }));
                    if (secret.get() == null) {
                        throw toldOnce(facts);
                    }
                    facts.put("secret", secret.get());
                    return facts;
                })
                .onSuccess(facts -> Responses.json(request, facts))
                .onFailure(failure -> Responses.problem(request, failure));
    }

    private static Tokens.Issued issued(CompletableFuture<Tokens.Issued> creation) {
        try {
            return creation.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof HvmException refusal ? refusal : e;
        }
    }

    private static HvmException toldOnce(Map<String, Object> token) {
        return HvmException.of(ErrorCode.WRONG_STATE, "This request has made a token, whose secret is told only once")
                .value(token.get("token"))
                .hint("hvm token revoke " + token.get("token") + "; then ask with another Idempotency-Key")
                .build();
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
