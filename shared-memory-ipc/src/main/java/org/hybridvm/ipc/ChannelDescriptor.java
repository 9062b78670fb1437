// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

/** Layout of a channel of the window, {@code struct hvm_channel} of {@code hvm/window.h}. A test holds every number against the C header. */
public final class ChannelDescriptor {
    private ChannelDescriptor() {}

    /** Bytes of the whole. */
    public static final long SIZE = 0x1000L;

    public static final long HEAD_OFFSET = 0L;
    public static final long ARG_OFFSET = 8L;
    public static final long DONE_OFFSET = 0x38L;
    public static final long LIMIT_MS_OFFSET = 0x40L;
    public static final long FAILURE_OFFSET = 0x80L;
}
