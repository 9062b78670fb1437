// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.config;

import java.util.List;
import java.util.Optional;
import org.hybridvm.layout.ByteSize;
import org.hybridvm.layout.YamlObject;

/** Reads {@code limits:} of the configuration: what hvmd bears of those who ask it. */
final class LimitsReader {
    static final List<String> FIELDS = List.of("body", "headers", "rate", "burst", "streams");

    static final int MIN_BODY = 64 << 10;
    static final int MAX_BODY = 64 << 20;
    static final int MIN_HEADERS = 4 << 10;
    static final int MAX_HEADERS = 1 << 20;
    static final int MAX_RATE = 1_000_000;
    static final int MAX_STREAMS = 65_536;

    private LimitsReader() {}

    static Limits read(Optional<YamlObject> limits) {
        return limits.map(LimitsReader::read).orElse(Limits.STANDARD);
    }

    private static Limits read(YamlObject limits) {
        Limits standard = Limits.STANDARD;
        return new Limits(
                size(limits, "body", standard.bodyBytes(), MIN_BODY, MAX_BODY),
                size(limits, "headers", standard.headerBytes(), MIN_HEADERS, MAX_HEADERS),
                standard.lineBytes(),
                limits.number("rate", standard.requestsPerSecond(), 1, MAX_RATE),
                limits.number("burst", standard.burst(), 1, MAX_RATE),
                limits.number("streams", standard.openStreams(), 1, MAX_STREAMS),
                standard.webSocketMessageBytes(),
                standard.stall());
    }

    private static int size(YamlObject limits, String field, int standard, int least, int most) {
        return limits.findings().or(standard, () -> {
            long size = limits.size(field, standard);
            if (size < least || size > most) {
                throw limits.refuse("limit-size", field, "a limit is of another size")
                        .allowed(ByteSize.format(least) + " to " + ByteSize.format(most))
                        .build();
            }
            return (int) size;
        });
    }
}
