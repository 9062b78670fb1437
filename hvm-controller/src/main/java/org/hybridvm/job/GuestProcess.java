// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.nio.ByteBuffer;

/**
 * A process in a guest, seen from the host. All methods may be called from any thread, do not block, and do nothing once
 * the process has ended.
 */
public interface GuestProcess {
    /** Sends bytes to its standard input; at most as many as {@link Listener#stdinCredit} allows. */
    void stdin(ByteBuffer bytes);

    /** Ends its standard input after the bytes sent so far. */
    void closeStdin();

    /**
     * Tells the guest that the first {@code taken} bytes of an output stream are where they belong, so that it may forget
     * them, and allows it to send {@code window} more behind those. The first call says from which byte on they are wanted.
     */
    void grant(OutputStreamKind stream, long taken, int window);

    /** Sends it a signal, by its Linux number. */
    void signal(int number);

    /** Has the guest forget it; its end is on disk. */
    void release();

    /**
     * Hears of a process. Calls come one after the other, from a thread of the channel that must not be blocked. The last
     * call is {@link #exited}, {@link #signalled}, {@link #failed}, or {@link #lost}.
     */
    interface Listener {
        /** The guest has the first {@code accepted} bytes of its standard input, and takes {@code window} more. */
        void stdinCredit(long accepted, int window);

        /** It wrote. The buffer is the listener's. */
        void output(OutputStreamKind stream, ByteBuffer bytes);

        /** One line of its proxy's report, bounded in length. When this returns the guest may forget it. */
        void report(String line);

        void exited(int status);

        void signalled(int signal);

        /** It ended because its partition failed; {@code reason} is a sentence. */
        void failed(String reason);

        /**
         * The channel to the agent is gone; {@code reason} is a sentence. The process may live, and be attached to behind
         * another channel.
         */
        void lost(String reason);
    }
}
