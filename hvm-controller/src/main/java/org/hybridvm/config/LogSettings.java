// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.config;

import java.util.LinkedHashMap;
import java.util.Map;
import org.hybridvm.layout.LayoutWords;

/** How hvmd writes its own log. The environment may choose another format ({@code HVM_LOG_FORMAT}). */
public record LogSettings(Format format, Level level) {
    public static final LogSettings STANDARD = new LogSettings(Format.TEXT, Level.INFO);

    /** A line's shape. */
    public enum Format {
        /** Words, then {@code key=value}. */
        TEXT,
        /** A JSON object. */
        JSON
    }

    /** The least grave that is written. */
    public enum Level {
        ERROR,
        WARN,
        INFO,
        /** What the libraries tell of themselves, too. */
        DEBUG
    }

    Map<String, Object> toJson() {
        var json = new LinkedHashMap<String, Object>();
        json.put("format", LayoutWords.of(format));
        json.put("level", LayoutWords.of(level));
        return json;
    }
}
