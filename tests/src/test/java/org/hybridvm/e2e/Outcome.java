// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import java.nio.charset.StandardCharsets;

/**
 * How a command ended.
 *
 * @param command its words, for messages
 */
record Outcome(String command, int status, byte[] output, String errors) {
    String text() {
        return new String(output, StandardCharsets.UTF_8);
    }

    /** This outcome, if the command succeeded. */
    Outcome succeeded() {
        return endedWith(0);
    }

    /** This outcome, if the command ended with {@code expected}. */
    Outcome endedWith(int expected) {
        if (status != expected) {
            throw new AssertionError("%s%nended with %d, not %d; its output:%n%s%nits errors:%n%s"
                    .formatted(command, status, expected, start(text()), errors));
        }
        return this;
    }

    private static String start(String text) {
        return text.length() <= 2000 ? text : text.substring(0, 2000) + "...";
    }
}
