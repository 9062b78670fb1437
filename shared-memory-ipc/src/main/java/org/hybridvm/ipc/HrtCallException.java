// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

import java.util.Optional;

/** A call through the window that has no result: {@link #reason} says whose doing it is, the message all that is known. */
public final class HrtCallException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Why there is no result. */
    public enum Reason {
        /** The file is none that a window can be, or cannot be opened. */
        NO_WINDOW,
        /** Nobody serves the window. */
        NO_SERVER,
        /** All channels have clients. */
        NO_CHANNEL,
        /** The server has no function of that name. */
        NO_FUNCTION,
        /** Too many arguments, or one that cannot be passed. */
        BAD_ARGUMENT,
        /** The channel's heap has no room for the arguments. */
        HEAP_FULL,
        /** The function caused an exception: {@link HrtCallException#fault}. */
        FAULT,
        /** The function was stopped at its time limit. */
        TIME_LIMIT,
        /** The server lost its HRT core while the function ran. */
        STOPPED,
        /** The server ended before it began the call, which may be made again. */
        NOT_BEGUN,
        /** Another server took its place during the call, which may have run. */
        RESTARTED,
        /** The server gives no sign of life; the call may have run. */
        SILENT,
        /** The window holds what no server writes. */
        CORRUPT,
        /** The thread was interrupted while it waited; the function goes on. */
        INTERRUPTED,
        /** This client was closed. */
        CLOSED
    }

    /**
     * What a function did wrong.
     *
     * @param vector of the exception (SDM Vol. 3, 6.3.1)
     * @param signal that Linux would have sent
     * @param error the exception's error code
     * @param instruction where it was, in the server's address space
     * @param address that a page fault was about
     * @param where the instruction in words, printable ASCII
     */
    public record Fault(int vector, int signal, long error, long instruction, long address, String where) {
        private static final int PAGE_FAULT = 14;

        @Override
        public String toString() {
            return "exception %d (signal %d) at 0x%x%s%s"
                    .formatted(
                            vector,
                            signal,
                            instruction,
                            vector == PAGE_FAULT ? ", address 0x%x".formatted(address) : "",
                            where.isEmpty() ? "" : ", in " + where);
        }
    }

    private final Reason reason;

    private final transient Fault fault;

    HrtCallException(Reason reason, String message) {
        this(reason, message, null, null);
    }

    HrtCallException(Reason reason, String message, Throwable cause) {
        this(reason, message, null, cause);
    }

    HrtCallException(String function, Fault fault) {
        this(Reason.FAULT, "Function " + function + " failed: " + fault, fault, null);
    }

    private HrtCallException(Reason reason, String message, Fault fault, Throwable cause) {
        super(message, cause);
        this.reason = reason;
        this.fault = fault;
    }

    public Reason reason() {
        return reason;
    }

    /** With {@link Reason#FAULT}: what it was. */
    public Optional<Fault> fault() {
        return Optional.ofNullable(fault);
    }
}
