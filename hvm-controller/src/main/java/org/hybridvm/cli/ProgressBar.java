// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.PrintStream;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Long work as it goes: on a terminal one line that changes, with the phase, its time so far, and a bar if it is known how
 * long it took before; elsewhere only what is over, a plain line each.
 */
final class ProgressBar implements AutoCloseable {
    private static final String CLEAR_LINE = "\r\u001b[K";
    private static final int WIDTH = 20;
    private static final long PERIOD_MILLIS = 200;

    private final PrintStream target;
    private final boolean interactive;
    private final ExpectedTimes expected;
    private final String task;
    private final LongSupplier clock;
    private String phase; // null between phases; guarded by this
    private long since; // guarded by this
    private Thread painter; // guarded by this

    /** @param task what its phases are part of: the same name is not the same time everywhere */
    ProgressBar(PrintStream target, boolean interactive, ExpectedTimes expected, String task, LongSupplier clock) {
        this.target = target;
        this.interactive = interactive;
        this.expected = expected;
        this.task = task;
        this.clock = clock;
    }

    /** With the times that this user's work took before. */
    static ProgressBar of(Context context, PrintStream target, String task) {
        var times = new ExpectedTimes(context.home().state().resolve("times.json"));
        return new ProgressBar(target, context.interactive(), times, task, System::nanoTime);
    }

    synchronized void begin(String name) {
        phase = name;
        since = clock.getAsLong();
        if (interactive) {
            paint();
            if (painter == null) {
                painter = Thread.ofPlatform().daemon().name("progress").start(this::paintOn);
            }
        }
    }

    /** The phase is over. */
    synchronized void end(String name, long milliseconds) {
        if (name.equals(phase)) {
            phase = null;
        }
        expected.learn(task + "/" + name, milliseconds);
        clear();
    }

    /** Takes its line away, so that something else can be printed. */
    synchronized void clear() {
        if (interactive) {
            target.print(CLEAR_LINE);
            target.flush();
        }
    }

    /** Remembers the times. */
    @Override
    public synchronized void close() {
        phase = null;
        clear();
        if (painter != null) {
            painter.interrupt();
        }
        expected.save();
    }

    private void paintOn() {
        try {
            while (true) {
                Thread.sleep(PERIOD_MILLIS);
                paint();
            }
        } catch (InterruptedException e) {
            // closed
        }
    }

    private synchronized void paint() {
        if (phase != null) {
            long elapsed = TimeUnit.NANOSECONDS.toMillis(clock.getAsLong() - since);
            target.print(CLEAR_LINE + line(phase, elapsed, expected.of(task + "/" + phase)));
            target.flush();
        }
    }

    static String line(String phase, long elapsed, OptionalLong expected) {
        String time = "  %-28s %6.1f s".formatted(phase + " ...", elapsed / 1000.0);
        if (expected.isEmpty()) {
            return time;
        }
        long most = Math.max(1, expected.getAsLong());
        int full = (int) Math.min(WIDTH, WIDTH * elapsed / most);
        return time
                + String.format(Locale.ROOT, " of about %.1f s  [", most / 1000.0)
                + "#".repeat(full)
                + "-".repeat(WIDTH - full)
                + "]";
    }
}
