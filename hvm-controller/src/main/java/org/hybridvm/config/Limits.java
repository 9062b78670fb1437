// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.config;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.hybridvm.layout.ByteSize;

/**
 * What hvmd bears of those who ask it. What is beyond is refused with a problem, before it costs memory.
 *
 * @param bodyBytes of a request
 * @param headerBytes of a request, all its headers together
 * @param lineBytes of a request's first line, which has its path and query
 * @param requestsPerSecond of one caller, in the long run
 * @param burst requests of one caller at once
 * @param openStreams of all callers: runs, attachments, consoles, followed events and logs
 * @param webSocketMessageBytes of a message that a client sends
 * @param stall a stream is cut whose reader takes nothing for so long
 */
public record Limits(
        int bodyBytes,
        int headerBytes,
        int lineBytes,
        int requestsPerSecond,
        int burst,
        int openStreams,
        int webSocketMessageBytes,
        Duration stall) {
    /** A body holds the arguments and the environment of a job at their largest (ARG_MAX is 2 MiB), escaped. */
    public static final Limits STANDARD =
            new Limits(4 << 20, 32 << 10, 8 << 10, 2_000, 4_000, 256, 64 << 10, Duration.ofSeconds(30));

    /** Those that the configuration may choose, as the file would say it. */
    Map<String, Object> toJson() {
        var json = new LinkedHashMap<String, Object>();
        json.put("body", ByteSize.format(bodyBytes));
        json.put("headers", ByteSize.format(headerBytes));
        json.put("rate", requestsPerSecond);
        json.put("burst", burst);
        json.put("streams", openStreams);
        return json;
    }
}
