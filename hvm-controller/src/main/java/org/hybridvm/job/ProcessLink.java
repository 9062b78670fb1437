// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A job's way to its process in the guest, which may not be there yet, and may be lost and found again. What is asked of the
 * process meanwhile is done when it is there. May be used from any thread.
 */
final class ProcessLink {
    private static final int TOLD_EVERY = 64 * 1024;

    private enum State {
        ABSENT,
        CONNECTING,
        CONNECTED
    }

    /** How far an output stream goes: what is taken, what was allowed, what came. */
    private static final class Flow {
        private long taken;
        private long limit;
        private long received;
        private boolean asked;
    }

    private final Map<OutputStreamKind, Flow> flows = new EnumMap<>(OutputStreamKind.class); // guarded by this
    private final List<Integer> signals = new ArrayList<>(); // guarded by this
    private final List<ByteBuffer> input = new ArrayList<>(); // that came too early; guarded by this
    private State state = State.ABSENT; // guarded by this
    private GuestProcess process; // guarded by this
    private boolean inputEnds; // guarded by this
    private long accepted; // guarded by this
    private int inputWindow; // guarded by this

    ProcessLink() {
        for (OutputStreamKind stream : OutputStreamKind.values()) {
            flows.put(stream, new Flow());
        }
    }

    /** Takes the right to connect; false if somebody has it, or there is a process. */
    synchronized boolean claim() {
        if (state != State.ABSENT) {
            return false;
        }
        state = State.CONNECTING;
        return true;
    }

    /** Gives the right back. */
    synchronized void giveUp() {
        state = State.ABSENT;
    }

    synchronized boolean isAbsent() {
        return state == State.ABSENT;
    }

    /** The process is there: does what was asked for before. */
    synchronized void connect(GuestProcess found) {
        if (state != State.CONNECTING) {
            return; // it was lost before this was told
        }
        state = State.CONNECTED;
        process = found;
        flows.forEach((stream, flow) -> {
            if (flow.asked) {
                found.grant(stream, flow.taken, (int) (flow.limit - flow.taken));
            }
        });
        input.forEach(found::stdin);
        input.clear();
        if (inputEnds) {
            found.closeStdin();
        }
        signals.forEach(found::signal);
        signals.clear();
    }

    /** The channel to the process is gone. Who has not said what he has taken has taken all that came. */
    synchronized void disconnect() {
        state = State.ABSENT;
        process = null;
        input.clear();
        inputWindow = 0;
        flows.values().forEach(flow -> flow.taken = Math.max(flow.taken, flow.received));
    }

    /** Forgets what was asked for: somebody else will ask, and say how far he is. */
    synchronized void forgetWishes() {
        flows.replaceAll((stream, flow) -> new Flow());
        inputEnds = false;
    }

    synchronized void stdin(ByteBuffer bytes) {
        if (state == State.CONNECTING) {
            input.add(bytes);
        }
        tell(one -> one.stdin(bytes));
    }

    synchronized void closeStdin() {
        inputEnds = true;
        tell(GuestProcess::closeStdin);
    }

    synchronized void grant(OutputStreamKind stream, long taken, int window) {
        Flow flow = flows.get(stream);
        if (!flow.asked) {
            flow.received = taken;
        }
        flow.asked = true;
        flow.taken = taken;
        flow.limit = Math.max(flow.limit, taken + window);
        tell(one -> one.grant(stream, taken, window));
    }

    synchronized void signal(int number) {
        if (process == null) {
            signals.add(number);
        } else {
            process.signal(number);
        }
    }

    /**
     * Counts what came.
     *
     * @param taken whether it is where it belongs; the guest is told from time to time
     * @return how much had come before
     */
    synchronized long received(OutputStreamKind stream, int bytes, boolean taken) {
        Flow flow = flows.get(stream);
        long before = flow.received;
        flow.received += bytes;
        if (taken && flow.received - flow.taken >= TOLD_EVERY) {
            flow.taken = flow.received;
            tell(one -> one.grant(stream, flow.taken, (int) (flow.limit - flow.taken)));
        }
        return before;
    }

    synchronized void inputCredit(long bytes, int window) {
        accepted = bytes;
        inputWindow = window;
    }

    /** Tells what the guest last said of standard input, if it has said anything. */
    synchronized void tellInputCredit(JobListener listener) {
        if (inputWindow > 0) {
            listener.stdinCredit(accepted, inputWindow);
        }
    }

    synchronized void release() {
        tell(GuestProcess::release);
    }

    private synchronized void tell(Consumer<GuestProcess> message) {
        if (process != null) {
            message.accept(process);
        }
    }
}
