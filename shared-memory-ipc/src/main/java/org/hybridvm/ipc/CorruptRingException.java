// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

/**
 * The next cell of a ring has a state that the peer may not leave there. The peer is broken or hostile, or uses the
 * memory for something else: give it up. Nothing was sent or received by the try that found it.
 */
public final class CorruptRingException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CorruptRingException(String side, int cell, long state, int free, int taken) {
        super(side + ": cell " + cell + " of the ring has a state that its peer may not leave: 0x"
                + Long.toHexString(state) + "; allowed: turn 0x" + Integer.toHexString(free)
                + " with kind 0, or turn 0x"
                + Integer.toHexString(taken));
    }
}
