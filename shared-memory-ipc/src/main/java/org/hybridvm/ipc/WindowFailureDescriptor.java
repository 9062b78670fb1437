// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

/** Layout of what is told of a fault, {@code struct hvm_window_failure} of {@code hvm/window.h}. A test holds every number against the C header. */
public final class WindowFailureDescriptor {
    private WindowFailureDescriptor() {}

    /** Bytes of the whole. */
    public static final long SIZE = 0xc0L;

    public static final long VECTOR_OFFSET = 0L;
    public static final long SIGNAL_OFFSET = 4L;
    public static final long ERROR_OFFSET = 8L;
    public static final long INSTRUCTION_OFFSET = 0x10L;
    public static final long ADDRESS_OFFSET = 0x18L;
    public static final long WHERE_OFFSET = 0x20L;
}
