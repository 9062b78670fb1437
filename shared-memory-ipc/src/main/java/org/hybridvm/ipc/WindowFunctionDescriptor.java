// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

/** Layout of a function in the window's table, {@code struct hvm_window_function} of {@code hvm/window.h}. A test holds every number against the C header. */
public final class WindowFunctionDescriptor {
    private WindowFunctionDescriptor() {}

    /** Bytes of the whole. */
    public static final long SIZE = 0x80L;

    public static final long NAME_OFFSET = 0L;
    public static final long SUMMARY_OFFSET = 0x30L;
}
