// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Times as people write them: {@code 500ms}, {@code 10s}, {@code 2 min}. */
public final class TimeSpan {
    static final Pattern FORM = Pattern.compile("([0-9]{1,9}) ?(ms|s|min)");

    private TimeSpan() {}

    /** Empty if the text is no time. */
    public static Optional<Duration> parse(String text) {
        Matcher form = FORM.matcher(text.strip());
        if (!form.matches()) {
            return Optional.empty();
        }
        long number = Long.parseLong(form.group(1));
        return Optional.of(
                switch (form.group(2)) {
                    case "ms" -> Duration.ofMillis(number);
                    case "s" -> Duration.ofSeconds(number);
                    default -> Duration.ofMinutes(number);
                });
    }

    /** In the largest unit that leaves no fraction. */
    public static String format(Duration time) {
        long millis = time.toMillis();
        if (millis % 60_000 == 0 && millis > 0) {
            return millis / 60_000 + "min";
        }
        return millis % 1000 == 0 ? millis / 1000 + "s" : millis + "ms";
    }
}
