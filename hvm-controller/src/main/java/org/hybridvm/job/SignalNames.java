// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Linux's signals by the names that people give them in batch scripts. */
final class SignalNames {
    private static final Map<String, Integer> NUMBERS = Map.of(
            "HUP", 1, "INT", 2, "QUIT", 3, "KILL", 9, "USR1", 10, "USR2", 12, "ALRM", 14, "TERM", 15, "CONT", 18,
            "XCPU", 24);

    /** HUP, INT, QUIT, KILL, TERM. */
    private static final Set<Integer> ENDS = Set.of(1, 2, 3, 9, 15);

    private SignalNames() {}

    /** Whether who sends it wants the job to end; a job that ends by another has failed. */
    static boolean asksForEnd(int signal) {
        return ENDS.contains(signal);
    }

    /** @return 0 if there is no such signal */
    static int number(String text) {
        String name = text.toUpperCase(Locale.ROOT);
        Integer known = NUMBERS.get(name.startsWith("SIG") ? name.substring(3) : name);
        if (known != null) {
            return known;
        }
        return text.matches("[0-9]{1,2}") && Integer.parseInt(text) <= JobService.MAX_SIGNAL
                ? Integer.parseInt(text)
                : 0;
    }
}
