// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.PrintStream;
import java.util.Optional;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;
import org.hybridvm.Problem;

/**
 * Shows a launch, or an apply, as it goes: on a terminal the phase under way and its time on a line that
 * changes, elsewhere one plain line for each phase that is over.
 */
final class LaunchProgress implements AutoCloseable {
    private final PrintStream target;
    private final ProgressBar bar;
    private Optional<JsonObject> vm = Optional.empty();
    private Optional<JsonObject> plan = Optional.empty();

    /** On the standard error of a command. */
    static LaunchProgress of(Context context, PrintStream target) {
        return new LaunchProgress(target, ProgressBar.of(context, target, "launch"));
    }

    private LaunchProgress(PrintStream target, ProgressBar bar) {
        this.target = target;
        this.bar = bar;
    }

    /**
     * Takes one event of the stream.
     *
     * @throws HvmException if it says that all failed
     */
    void accept(String line) {
        JsonObject event = JsonObject.parse(line);
        switch (event.text("event")) {
            case "begin" -> bar.begin(event.text("phase"));
            case "phase" -> end(event.text("phase"), event.number("ms"));
            case "note" -> plain(event.text("text"));
            case "vm" -> plain(event.text("vm") + ": " + event.text("action"));
            case "vm_failed" ->
                plain(event.text("vm") + ": "
                        + Problem.fromJson(event.object("problem")).getMessage());
            case "applied" -> plan = Optional.of(event.object("plan"));
            case "ready" -> vm = Optional.of(event.object("vm"));
            case "failed" -> {
                bar.clear();
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

    private void end(String phase, long milliseconds) {
        bar.end(phase, milliseconds);
        target.println("  %-28s %6d ms".formatted(phase, milliseconds));
    }

    private void plain(String text) {
        bar.clear();
        target.println("hvm: " + text);
    }

    @Override
    public void close() {
        bar.close();
    }
}
