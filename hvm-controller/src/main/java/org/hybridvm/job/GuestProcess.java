// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.nio.ByteBuffer;

/**
 * A process in a guest, seen from the host. All methods may be called from any thread, do not block, and do nothing once
 * the process has ended.
 */
public interface GuestProcess {
    /** Sends bytes to its standard input; at most as many as {@link Listener#stdinCredit} has allowed so far. */
    void stdin(ByteBuffer bytes);

    /** Ends its standard input after the bytes sent so far. */
    void closeStdin();

    /** Allows the guest to send {@code bytes} more of one output stream. The first window is granted the same way. */
    void grant(OutputStreamKind stream, int bytes);

    /** Sends it a signal, by its Linux number. */
    void signal(int number);

    /**
     * Hears of a process. Calls come one after the other, from a thread of the channel that must not be blocked. The last
     * call is {@link #exited}, {@link #signalled}, or {@link #lost}.
     */
    interface Listener {
        /** {@code bytes} more may be sent to its standard input. */
        void stdinCredit(int bytes);

        /** It wrote. The buffer is the listener's. */
        void output(OutputStreamKind stream, ByteBuffer bytes);

        /** One line of its proxy's report, bounded in length. */
        void report(String line);

        void exited(int status);

        void signalled(int signal);

        /** The agent or the whole VM went away; {@code reason} is a sentence that names which. */
        void lost(String reason);
    }
}
