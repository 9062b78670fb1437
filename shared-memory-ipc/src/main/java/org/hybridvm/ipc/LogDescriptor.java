// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

/** Layout of the log ring of an aerokernel, {@code hvm/log.h}. A test holds every number against the C header. */
public final class LogDescriptor {
    private LogDescriptor() {}

    public static final long LOG_TEXT = 0x3f000L;

    /** Bytes of the whole. */
    public static final long SIZE = 0x40000L;

    public static final long HEAD_OFFSET = 0L;
    public static final long TEXT_OFFSET = 0x1000L;
}
