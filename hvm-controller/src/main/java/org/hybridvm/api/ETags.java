// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.ext.web.RoutingContext;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.Json;

/**
 * Versions of resources (RFC 9110, 8.8.3): another tag if something else than a mere figure of the resource has changed. A
 * request with {@code If-Match} is done only if the resource is still as its caller saw it.
 */
final class ETags {
    private static final List<String> OF_A_VM = List.of("name", "uuid", "state", "created");
    private static final List<String> OF_A_PARTITION = List.of("name", "boots");

    private ETags() {}

    /** @param facts all of them count */
    static String of(Object facts) {
        var sum = new CRC32();
        byte[] bytes = Json.write(facts).getBytes(StandardCharsets.UTF_8);
        sum.update(bytes);
        return "\"%08x-%x\"".formatted(sum.getValue(), bytes.length);
    }

    /** Of a VM: not its figures, and not what its jobs do. */
    static String ofVm(Map<String, Object> facts) {
        var counted = new LinkedHashMap<String, Object>();
        OF_A_VM.forEach(name -> counted.put(name, facts.get(name)));
        var partitions = new ArrayList<Object>();
        if (facts.get("partitions") instanceof List<?> list) {
            for (Object one : list) {
                if (one instanceof Map<?, ?> partition) {
                    OF_A_PARTITION.forEach(name -> partitions.add(partition.get(name)));
                }
            }
        }
        counted.put("partitions", partitions);
        return of(counted);
    }

    /** The tags that the request's {@code If-Match} allows; empty: it has none, or takes any. */
    static Optional<List<String>> allowed(RoutingContext request) {
        return Optional.ofNullable(request.request().getHeader("If-Match"))
                .map(text -> Arrays.stream(text.split(",")).map(String::strip).toList())
                .filter(tags -> !tags.contains("*"));
    }

    /** @throws HvmException {@link ErrorCode#PRECONDITION_FAILED} if the resource has become another */
    static void require(List<String> allowed, String present) {
        if (!allowed.contains(present)) {
            throw HvmException.of(ErrorCode.PRECONDITION_FAILED, "The resource has changed since you saw it")
                    .field("If-Match")
                    .value(String.join(", ", allowed))
                    .allowed(present)
                    .hint("GET it, look, and ask again with its ETag")
                    .build();
        }
    }
}
