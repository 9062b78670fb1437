// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Linux signal numbers and names (signal(7), x86). */
final class Signals {
    static final int INT = 2;
    static final int KILL = 9;
    static final int PIPE = 13;

    private static final Map<String, Integer> NUMBERS = Map.ofEntries(
            Map.entry("HUP", 1),
            Map.entry("INT", INT),
            Map.entry("QUIT", 3),
            Map.entry("ILL", 4),
            Map.entry("TRAP", 5),
            Map.entry("ABRT", 6),
            Map.entry("BUS", 7),
            Map.entry("FPE", 8),
            Map.entry("KILL", KILL),
            Map.entry("USR1", 10),
            Map.entry("SEGV", 11),
            Map.entry("USR2", 12),
            Map.entry("PIPE", PIPE),
            Map.entry("ALRM", 14),
            Map.entry("TERM", 15),
            Map.entry("CONT", 18),
            Map.entry("STOP", 19),
            Map.entry("TSTP", 20),
            Map.entry("XCPU", 24),
            Map.entry("XFSZ", 25),
            Map.entry("SYS", 31));

    private Signals() {}

    /** The number of {@code TERM}, {@code SIGTERM}, {@code sigterm} or {@code 15}; empty for what is none of these. */
    static Optional<Integer> parse(String text) {
        if (text.matches("[0-9]{1,2}")) {
            int number = Integer.parseInt(text);
            return number >= 1 && number <= 64 ? Optional.of(number) : Optional.empty();
        }
        String name = text.toUpperCase(Locale.ROOT);
        return Optional.ofNullable(NUMBERS.get(name.startsWith("SIG") ? name.substring(3) : name));
    }

    /** {@code SIGTERM} for 15, {@code signal 40} for what has no name here. */
    static String name(int number) {
        return NUMBERS.entrySet().stream()
                .filter(entry -> entry.getValue() == number)
                .map(entry -> "SIG" + entry.getKey())
                .findFirst()
                .orElse("signal " + number);
    }
}
