// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import org.hybridvm.JsonObject;
import org.junit.jupiter.api.Test;

class LogLinesTest {
    private final LoggerContext context = new LoggerContext();

    @Test
    void shouldMakeMembersOfWhatAMessageNames() {
        JsonObject line = lineOf("the agent is lost vm={} after={} tries", null, "demo", 3);
        assertThat(line.text("message")).isEqualTo("the agent is lost tries");
        assertThat(line.text("vm")).isEqualTo("demo");
        assertThat(line.number("after")).isEqualTo(3);
        assertThat(line.text("level")).isEqualTo("WARN");
        assertThat(line.text("time")).isEqualTo("2026-01-02T03:04:05Z");
    }

    @Test
    void shouldKeepValuesWithBlanksLineEndsAndQuotesWhole() {
        JsonObject line = lineOf("VM failed reason={}", null, "QEMU said \"no\"\nand died vm=other");
        assertThat(line.text("reason")).isEqualTo("QEMU said \"no\"\nand died vm=other");
        assertThat(line.has("vm")).isFalse();
    }

    @Test
    void shouldBearTheLabelsOfTheRequest() {
        assertThat(lineOf("done", null).text("request")).isEqualTo("r1");
    }

    @Test
    void shouldTellAnErrorWithItsTrace() {
        JsonObject line = lineOf("unexpected failure", new IllegalStateException("broken"));
        assertThat(line.text("error"))
                .startsWith("java.lang.IllegalStateException: broken")
                .contains("at org.hybridvm");
    }

    private JsonObject lineOf(String message, Throwable failure, Object... arguments) {
        var event = new LoggingEvent("x", context.getLogger("test"), Level.WARN, message, failure, arguments);
        event.setInstant(Instant.parse("2026-01-02T03:04:05Z"));
        event.setMDCPropertyMap(Map.of("request", "r1"));
        String text = new String(new LogLines().encode(event), StandardCharsets.UTF_8);
        assertThat(text).endsWith("}\n").containsOnlyOnce("\n");
        return JsonObject.parse(text);
    }
}
