// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.hybridvm.event.Events;

/** One VM of this node. Its fields change under its own lock; listeners are never called under it. */
final class Vm {
    private final String name;
    private final Events events;
    private VmRecord record;
    private VmState state;
    private String reason;

    /** Why QEMU's process does not run; laid over the state while it is READY or UNREACHABLE. */
    private Optional<String> stall = Optional.empty();

    private Optional<Guest> guest = Optional.empty();
    private Optional<ConsoleLog> console = Optional.empty();
    private final List<BootPhase> phases = new ArrayList<>();

    /** One step of its launch. */
    record BootPhase(String name, long milliseconds) {}

    /** @param events told of every further state, in order; of this first one by {@link #tellState} */
    Vm(VmRecord record, VmState state, Events events) {
        this.name = record.layout().name();
        this.events = events;
        this.record = record;
        this.state = state;
        this.reason = record.reason();
    }

    String name() {
        return name;
    }

    synchronized VmRecord record() {
        return record;
    }

    synchronized void record(VmRecord newer) {
        record = newer;
    }

    synchronized VmState state() {
        return isStalled() ? VmState.STALLED : state;
    }

    synchronized String reason() {
        return isStalled() ? stall.orElseThrow() : reason;
    }

    /** The agent, if it can be asked now. */
    synchronized Optional<Guest> guest() {
        return isStalled() ? Optional.empty() : guest;
    }

    private boolean isStalled() {
        return stall.isPresent() && (state == VmState.READY || state == VmState.UNREACHABLE);
    }

    /** Why QEMU's process does not run, in any state; empty if it does. */
    synchronized Optional<String> stall() {
        return stall;
    }

    /** QEMU's process was stopped, or goes on if the reason is empty. Who waits for the agent's answer is told. */
    void stall(Optional<String> why) {
        Optional<Guest> held;
        synchronized (this) {
            stall = why;
            held = guest;
            if (state == VmState.READY || state == VmState.UNREACHABLE) {
                tellState();
            }
            notifyAll();
        }
        held.ifPresent(one -> one.hold(why));
    }

    /** Waits while QEMU's process is stopped and the VM is there. */
    synchronized void awaitNoStall() throws InterruptedException {
        while (isStalled()) {
            wait();
        }
    }

    synchronized List<BootPhase> phases() {
        return List.copyOf(phases);
    }

    synchronized void addPhase(BootPhase phase) {
        phases.add(phase);
    }

    synchronized Optional<ConsoleLog> console() {
        return console;
    }

    synchronized void console(ConsoleLog log) {
        console = Optional.of(log);
    }

    synchronized void connected(Guest newGuest) {
        guest = Optional.of(newGuest);
        newGuest.hold(stall);
        if (state == VmState.STARTING || state == VmState.UNREACHABLE) {
            take(VmState.READY, "");
        }
        notifyAll();
    }

    /** Waits while it is being booted. */
    synchronized void awaitStart() {
        try {
            while (state == VmState.STARTING) {
                wait();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits while the agent is out of reach, for at most {@code limit}; a worker that died is back in a moment. */
    synchronized void settle(Duration limit) {
        long deadline = System.nanoTime() + limit.toNanos();
        try {
            while (state == VmState.UNREACHABLE && !isStalled()) {
                long millis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (millis <= 0) {
                    return;
                }
                wait(millis);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The agent went away. False if the VM is ending anyway. */
    synchronized boolean disconnected(String why) {
        guest = Optional.empty();
        if (state != VmState.READY && state != VmState.STARTING) {
            return false;
        }
        take(VmState.UNREACHABLE, why);
        return true;
    }

    /** Moves to STOPPING; false if another thread did, or QEMU is gone. */
    synchronized boolean beginStop() {
        if (state == VmState.STOPPING) {
            return false;
        }
        take(VmState.STOPPING, reason);
        notifyAll();
        return true;
    }

    /** QEMU could not be ended: it can be tried again. */
    synchronized void notStopped(String why) {
        take(VmState.UNREACHABLE, why);
    }

    /** QEMU is gone. True if nobody had asked for it. */
    synchronized boolean ended(String why) {
        if (state == VmState.STOPPING || state == VmState.FAILED) {
            return false;
        }
        take(VmState.FAILED, why);
        notifyAll();
        return true;
    }

    /** Under the lock, so that events have the order of the states; publishing does not block. */
    private void take(VmState next, String why) {
        state = next;
        reason = why;
        tellState();
    }

    /** Publishes the present state. */
    synchronized void tellState() {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("state", state().name());
        if (!reason().isEmpty()) {
            facts.put("reason", reason());
        }
        events.publish("vm.state", "vm/" + name, facts);
    }

    /** A better reason of an end that was noticed before. False if it is none. */
    synchronized boolean explain(String why) {
        boolean better = state == VmState.FAILED && !reason.equals(why);
        if (better) {
            take(VmState.FAILED, why);
        }
        return better;
    }

    /**
     * Lets go of the guest and the console. Not under the lock: closing tells listeners.
     *
     * @param why told to those who have processes there
     */
    void release(String why) {
        Optional<Guest> oldGuest;
        Optional<ConsoleLog> oldConsole;
        synchronized (this) {
            oldGuest = guest;
            oldConsole = console;
            guest = Optional.empty();
            console = Optional.empty();
        }
        oldGuest.ifPresent(one -> one.close(why));
        oldConsole.ifPresent(ConsoleLog::close);
    }
}
