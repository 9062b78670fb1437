// SPDX-License-Identifier: Apache-2.0
package org.hybridvm;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** An {@link HvmException} on the wire: problem+json (RFC 9457) with the exception's parts as members of their own. */
public final class Problem {
    public static final String CONTENT_TYPE = "application/problem+json";

    private Problem() {}

    public static Map<String, Object> toJson(HvmException error) {
        var json = new LinkedHashMap<String, Object>();
        json.put("type", "urn:hvm:error:" + error.code().wireName());
        json.put("title", error.what());
        json.put("status", error.code().httpStatus());
        json.put("code", error.code().wireName());
        json.put("fault", error.code().fault().name().toLowerCase(Locale.ROOT));
        putIfSaid(json, "field", error.field());
        putIfSaid(json, "value", error.value());
        putIfSaid(json, "allowed", error.allowed());
        putIfSaid(json, "owner", error.owner());
        putIfSaid(json, "hint", error.hint());
        error.retryAfter().ifPresent(wait -> json.put("retry_after_s", wait.toSeconds()));
        if (!error.findings().isEmpty()) {
            json.put("errors", error.findings().stream().map(Finding::toJson).toList());
        }
        return json;
    }

    /** A code that this side does not know counts as {@link ErrorCode#INTERNAL}. */
    public static HvmException fromJson(JsonObject json) {
        return HvmException.of(code(json.text("code", "")), json.text("title", "hvmd refused the request"))
                .field(json.text("field", null))
                .value(json.text("value", null))
                .allowed(json.text("allowed", null))
                .owner(json.text("owner", null))
                .hint(json.text("hint", null))
                .retryAfter(json.has("retry_after_s") ? Duration.ofSeconds(json.number("retry_after_s")) : null)
                .findings(json.objects("errors").stream().map(Finding::fromJson).toList())
                .build();
    }

    private static ErrorCode code(String wireName) {
        for (ErrorCode code : ErrorCode.values()) {
            if (code.wireName().equals(wireName)) {
                return code;
            }
        }
        return ErrorCode.INTERNAL;
    }

    private static void putIfSaid(Map<String, Object> json, String name, String value) {
        if (value != null) {
            json.put(name, value);
        }
    }
}
