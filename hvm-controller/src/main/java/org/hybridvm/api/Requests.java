// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.ext.web.RoutingContext;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;

/** Reads the parts of requests; what does not fit is refused by an {@link HvmException}. */
final class Requests {
    private static final int MAX_WORDS = 20;

    private Requests() {}

    /** The body as a JSON object with these fields and no others; an absent body is an empty one. */
    static JsonObject body(RoutingContext request, String... fields) {
        String text = request.body().asString();
        return text == null || text.isEmpty()
                ? JsonObject.of(Map.of())
                : JsonObject.parse(text).only(fields);
    }

    static Optional<String> parameter(RoutingContext request, String name) {
        return Optional.ofNullable(request.request().getParam(name));
    }

    /** A parameter that is a list, its words parted by commas; absent: empty. */
    static List<String> words(RoutingContext request, String name) {
        return parameter(request, name).stream()
                .flatMap(text -> Arrays.stream(text.split(",")))
                .filter(word -> !word.isEmpty())
                .limit(MAX_WORDS)
                .toList();
    }

    /** A number from {@code least} to {@code most}. */
    static Optional<Long> number(RoutingContext request, String name, long least, long most) {
        return parameter(request, name).map(text -> {
            try {
                long number = Long.parseLong(text);
                if (number >= least && number <= most) {
                    return number;
                }
            } catch (NumberFormatException e) {
                // refused below
            }
            throw refuse(name, text, "a number from " + least + (most == Long.MAX_VALUE ? " on" : " to " + most));
        });
    }

    /** One of some words; absent, the first. */
    static String choice(RoutingContext request, String name, String... allowed) {
        String text = parameter(request, name).orElse(allowed[0]);
        if (!List.of(allowed).contains(text)) {
            throw refuse(name, text, String.join(", ", allowed));
        }
        return text;
    }

    static boolean flag(RoutingContext request, String name) {
        return parameter(request, name).map(text -> parseFlag(name, text)).orElse(false);
    }

    /** A number in a path or a query. */
    static int number(String name, String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw refuse(name, text, "a number");
        }
    }

    private static boolean parseFlag(String name, String text) {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw refuse(name, text, "true or false");
        };
    }

    private static HvmException refuse(String name, String text, String allowed) {
        return HvmException.of(ErrorCode.INVALID_REQUEST, "The parameter '" + name + "' does not fit")
                .field(name)
                .value(text)
                .allowed(allowed)
                .build();
    }
}
