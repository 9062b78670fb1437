// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.time.Duration;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.function.LongSupplier;

/**
 * Hands the signals that would end this process on to the job instead. A second interrupt within a second becomes
 * SIGKILL: who presses Ctrl-C twice wants it to end.
 */
final class SignalForwarder implements AutoCloseable {
    private static final List<String> FORWARDED = List.of("INT", "TERM", "HUP");
    private static final long TWICE = Duration.ofSeconds(1).toNanos();

    private final IntConsumer target;
    private final LongSupplier nanoTime;
    private long lastInterrupt;
    private boolean interrupted;

    SignalForwarder(IntConsumer target, LongSupplier nanoTime) {
        this.target = target;
        this.nanoTime = nanoTime;
    }

    /** Takes the signals of this process until it is closed. */
    static SignalForwarder to(IntConsumer target) {
        var forwarder = new SignalForwarder(target, System::nanoTime);
        FORWARDED.forEach(name -> ProcessSignals.handle(name, forwarder::accept));
        return forwarder;
    }

    synchronized void accept(int signal) {
        target.accept(signal);
        if (signal != Signals.INT) {
            return;
        }
        long now = nanoTime.getAsLong();
        if (interrupted && now - lastInterrupt <= TWICE) {
            target.accept(Signals.KILL);
        }
        interrupted = true;
        lastInterrupt = now;
    }

    @Override
    public void close() {
        FORWARDED.forEach(ProcessSignals::reset);
    }
}
