// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.ext.web.RoutingContext;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.store.RequestKey;

/** The {@code Idempotency-Key} of requests. */
final class RequestKeys {
    private static final String HEADER = "Idempotency-Key";
    private static final int MAX_LENGTH = 200;

    private RequestKeys() {}

    /** @throws HvmException if it has one that cannot be a key */
    static Optional<RequestKey> of(RoutingContext request) {
        return Optional.ofNullable(request.request().getHeader(HEADER))
                .map(key -> new RequestKey(Callers.of(request).uid(), checked(key), digest(request)));
    }

    private static String checked(String key) {
        if (key.isEmpty() || key.length() > MAX_LENGTH || !key.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "The Idempotency-Key does not fit")
                    .field(HEADER)
                    .value(key.length() + " characters")
                    .allowed("1 to " + MAX_LENGTH + " visible characters of ASCII, for instance a random UUID")
                    .build();
        }
        return key;
    }

    private static String digest(RoutingContext request) {
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            digest.update((request.request().method() + " " + request.request().uri() + "\n")
                    .getBytes(StandardCharsets.UTF_8));
            if (request.body().buffer() != null) {
                digest.update(request.body().buffer().getBytes());
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
