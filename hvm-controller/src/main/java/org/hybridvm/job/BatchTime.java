// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZonedDateTime;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Times in the forms that sbatch(1) takes. What does not fit is an {@link IllegalArgumentException} that says what does. */
public final class BatchTime {
    private static final Pattern LIMIT = Pattern.compile("(?:(\\d{1,4})-)?(\\d{1,7})(?::(\\d{1,4}))?(?::(\\d{1,4}))?");
    private static final Pattern OFFSET = Pattern.compile("now(?:\\+(\\d{1,9})([a-z]*))?");

    private BatchTime() {}

    /** MINUTES, MINUTES:SECONDS, HOURS:MINUTES:SECONDS, DAYS-HOURS, DAYS-HOURS:MINUTES, DAYS-HOURS:MINUTES:SECONDS. */
    public static Duration duration(String text) {
        Matcher parts = LIMIT.matcher(text);
        if (!parts.matches()) {
            throw new IllegalArgumentException(
                    "MINUTES, MINUTES:SECONDS, HOURS:MINUTES:SECONDS or DAYS-HOURS[:MINUTES[:SECONDS]]");
        }
        long first = Long.parseLong(parts.group(2));
        long second = parts.group(3) == null ? 0 : Long.parseLong(parts.group(3));
        long third = parts.group(4) == null ? 0 : Long.parseLong(parts.group(4));
        boolean hours = parts.group(1) != null || parts.group(4) != null;
        long seconds = hours ? first * 3600 + second * 60 + third : first * 60 + second;
        Duration limit =
                Duration.ofSeconds(seconds).plusDays(parts.group(1) == null ? 0 : Long.parseLong(parts.group(1)));
        if (limit.isZero()) {
            throw new IllegalArgumentException("1 second or more; without it there is no limit");
        }
        return limit;
    }

    /** now, now+N[seconds|minutes|hours|days|weeks], HH:MM[:SS], YYYY-MM-DD[THH:MM[:SS]], or an instant with its zone. */
    static Instant begin(String text, Clock clock) {
        Matcher offset = OFFSET.matcher(text);
        if (offset.matches()) {
            long count = offset.group(1) == null ? 0 : Long.parseLong(offset.group(1));
            return clock.instant().plusSeconds(count * unit(offset.group(2)));
        }
        ZonedDateTime now = ZonedDateTime.now(clock);
        try {
            if (text.endsWith("Z")) {
                return Instant.parse(text);
            }
            if (text.contains("T")) {
                return LocalDateTime.parse(text).atZone(now.getZone()).toInstant();
            }
            if (text.contains(":")) {
                ZonedDateTime today = now.with(LocalTime.parse(text));
                return (today.isBefore(now) ? today.plusDays(1) : today).toInstant();
            }
            return LocalDate.parse(text).atStartOfDay(now.getZone()).toInstant();
        } catch (DateTimeException e) {
            throw new IllegalArgumentException("now+N[minutes|hours|days], HH:MM, YYYY-MM-DD[THH:MM[:SS]]", e);
        }
    }

    private static long unit(String word) {
        return switch (word == null ? "" : word) {
            case "", "second", "seconds" -> 1;
            case "minute", "minutes" -> 60;
            case "hour", "hours" -> 3600;
            case "day", "days" -> 86_400;
            case "week", "weeks" -> 604_800;
            default -> throw new IllegalArgumentException("seconds, minutes, hours, days, weeks");
        };
    }
}
