// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.encoder.EncoderBase;
import java.nio.charset.StandardCharsets;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.hybridvm.Json;

/**
 * Log lines as JSON objects. What a message calls {@code name={}} is a member of its own, with the value itself, so that
 * nothing has to be parsed; labels of the request (request, vm, job) are members, too.
 */
final class LogLines extends EncoderBase<ILoggingEvent> {
    /** A named value, or one without a name. */
    private static final Pattern PLACE = Pattern.compile("(?:([A-Za-z_][A-Za-z0-9_]*)=)?\\{}");

    @Override
    public byte[] headerBytes() {
        return new byte[0];
    }

    @Override
    public byte[] footerBytes() {
        return new byte[0];
    }

    @Override
    public byte[] encode(ILoggingEvent event) {
        var line = new LinkedHashMap<String, Object>();
        line.put("time", event.getInstant().truncatedTo(ChronoUnit.MICROS));
        line.put("level", event.getLevel().toString());
        line.put("logger", event.getLoggerName());
        line.put("thread", event.getThreadName());
        line.put("message", words(event, line));
        event.getMDCPropertyMap().forEach(line::putIfAbsent);
        if (event.getThrowableProxy() != null) {
            line.put("error", ThrowableProxyUtil.asString(event.getThrowableProxy()));
        }
        return (Json.write(line) + "\n").getBytes(StandardCharsets.UTF_8);
    }

    /** The message without its named values, which go into {@code line}. */
    private static String words(ILoggingEvent event, Map<String, Object> line) {
        Object[] arguments = event.getArgumentArray();
        Matcher place = PLACE.matcher(event.getMessage());
        var words = new StringBuilder();
        for (int i = 0; place.find(); i++) {
            Object value = arguments != null && i < arguments.length ? arguments[i] : null;
            String name = place.group(1);
            if (name != null) {
                line.putIfAbsent(name, plain(value));
            }
            place.appendReplacement(words, Matcher.quoteReplacement(name == null ? String.valueOf(value) : ""));
        }
        return place.appendTail(words).toString().replaceAll(" +", " ").strip();
    }

    private static Object plain(Object value) {
        return value instanceof Number || value instanceof Boolean ? value : String.valueOf(value);
    }
}
