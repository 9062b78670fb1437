// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.buffer.Buffer;
import org.hybridvm.HvmException;

/** An output stream of a job, for a client who looks on. */
interface AttachedOutput {
    /**
     * What follows.
     *
     * @param skipped bytes before it that are not kept any more
     * @param bytes none if there is nothing yet
     */
    record Piece(long skipped, Buffer bytes) {}

    /** The next piece. Blocks. */
    Piece read();

    /** Runs {@code more} once, on whatever thread, when there may be more. */
    void whenMore(Runnable more);

    /** The client has gone: nobody waits. */
    default void leave() {}

    /** Why the client may send the job no input. */
    HvmException noInput();
}
