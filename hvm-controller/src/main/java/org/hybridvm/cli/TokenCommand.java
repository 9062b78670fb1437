// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.LinkedHashMap;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;

/** {@code hvm token create|list|revoke}. */
final class TokenCommand extends Command {
    private static final int DAY_SECONDS = 24 * 60 * 60;

    TokenCommand(Context context) {
        super(context, "token", "Make, list or revoke tokens, with which hvmd is asked over TCP");
        parameter("create|list|revoke", "1", "What to do.");
        parameter("TOKEN", "0..1", "revoke: the token's name in the list.");
        option(String.class, "USER", "create: whose rights it has. Default: your own.", "--user");
        option(String.class, "ROLE", "create: viewer, user, operator or admin. Default: your own.", "--role");
        option(Integer.class, "DAYS", "create: how long it is good. Default: 90.", "--days");
        option(String.class, "TEXT", "create: what you want to know it by.", "--note");
        outputOption();
        explain(
                "",
                "Everybody may make tokens for himself, an administrator for all. The token is printed once; hvmd",
                "keeps only its hash. It never gives more than its user's role when it is used.",
                "",
                "On another host: HVM_URL=https://HOST:PORT, HVM_TOKEN_FILE or HVM_TOKEN, and HVM_CA, a PEM file",
                "with hvmd's certificate or its authority's.");
        examples(
                "hvm token create --days 30 --note laptop > token && chmod 600 token",
                "HVM_URL=https://node1:8443 HVM_TOKEN_FILE=token HVM_CA=hvmd.pem hvm list",
                "hvm token revoke 3f9a1c20b7d4");
    }

    @Override
    public Integer call() {
        switch (parameter(0)) {
            case "create" -> create();
            case "list" -> list();
            case "revoke" -> client().delete("/tokens/" + Client.segment(name()));
            default ->
                throw HvmException.of(ErrorCode.INVALID_REQUEST, "No such action")
                        .value(parameter(0))
                        .allowed("create, list, revoke")
                        .hint("hvm token --help")
                        .build();
        }
        return OK;
    }

    private void create() {
        var request = new LinkedHashMap<String, Object>();
        putIfSet(request, "user", text("--user"));
        putIfSet(request, "role", text("--role"));
        putIfSet(request, "note", text("--note"));
        if (number("--days") != null) {
            request.put("expires_s", (long) number("--days") * DAY_SECONDS);
        }
        JsonObject made = client().post("/tokens", request);
        if (wantsJson()) {
            printJson(made.asMap());
        } else {
            context.out().println(made.text("secret"));
        }
    }

    private void list() {
        JsonObject answer = client().get("/tokens");
        if (wantsJson()) {
            printJson(answer.asMap());
            return;
        }
        var table = new Table("TOKEN", "USER", "ROLE", "EXPIRES", "NOTE");
        for (JsonObject token : answer.objects("tokens")) {
            table.row(
                    token.text("token"),
                    token.text("user"),
                    token.text("role"),
                    token.text("expires"),
                    token.text("note"));
        }
        context.out().print(table);
    }

    private String name() {
        if (parameter(1) == null) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "Nothing to revoke")
                    .allowed("the token's name in hvm token list")
                    .build();
        }
        return parameter(1);
    }

    private static void putIfSet(LinkedHashMap<String, Object> request, String name, String value) {
        if (value != null) {
            request.put(name, value);
        }
    }
}
