// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.PrintStream;
import java.util.Optional;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;
import org.hybridvm.Problem;

/**
 * Shows a launch, or an apply, as it goes: on a terminal the phase under way on a line that changes, elsewhere one plain line for each
 * phase that is over.
 */
final class LaunchProgress {
    private static final String CLEAR_LINE = "\r\u001b[K";

    private final PrintStream target;
    private final boolean interactive;
    private Optional<JsonObject> vm = Optional.empty();
    private Optional<JsonObject> plan = Optional.empty();

    LaunchProgress(PrintStream target, boolean interactive) {
        this.target = target;
        this.interactive = interactive;
    }

    /**
     * Takes one event of the stream.
     *
     * @throws HvmException if it says that all failed
     */
    void accept(String line) {
        JsonObject event = JsonObject.parse(line);
        switch (event.text("event")) {
            case "begin" -> begin(event.text("phase"));
            case "phase" -> end(event.text("phase"), event.number("ms"));
            case "note" -> plain(event.text("text"));
            case "vm" -> plain(event.text("vm") + ": " + event.text("action"));
            case "vm_failed" ->
                plain(event.text("vm") + ": "
                        + Problem.fromJson(event.object("problem")).getMessage());
            case "applied" -> plan = Optional.of(event.object("plan"));
            case "ready" -> vm = Optional.of(event.object("vm"));
            case "failed" -> {
                clear();
                throw Problem.fromJson(event.object("problem"));
            }
            default -> {} // a newer hvmd may say more
        }
    }

    /** The VM, once it is ready. */
    Optional<JsonObject> vm() {
        return vm;
    }

    /** The plan, once it is applied. */
    Optional<JsonObject> plan() {
        return plan;
    }

    private void begin(String phase) {
        if (interactive) {
            target.print(CLEAR_LINE + "  " + phase + " ...");
            target.flush();
        }
    }

    private void end(String phase, long milliseconds) {
        clear();
        target.println("  %-28s %6d ms".formatted(phase, milliseconds));
    }

    private void plain(String text) {
        clear();
        target.println("hvm: " + text);
    }

    private void clear() {
        if (interactive) {
            target.print(CLEAR_LINE);
        }
    }
}
