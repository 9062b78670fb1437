// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

/** Layout of the window that host and guest share: {@code hvm/window.h} tells the protocol. A test holds every number against the C header. */
public final class WindowDescriptor {
    private WindowDescriptor() {}

    public static final long WINDOW_MAGIC = 0x31574f444e495748L;
    public static final long WINDOW_SIZE_MIN = 0x100000L;
    public static final long WINDOW_SIZE_MAX = 0x40000000L;
    public static final long WINDOW_TABLE = 0x1000L;
    public static final long WINDOW_CHANNELS = 0x10000L;
    public static final long WINDOW_CHANNEL_SIZE = 0x1000L;
    public static final long WINDOW_CHANNELS_MAX = 0x40L;
    public static final long WINDOW_FUNCTIONS_MAX = 0x100L;
    public static final long WINDOW_NAME_MAX = 0x30L;
    public static final long WINDOW_SUMMARY_MAX = 0x48L;
    public static final long WINDOW_WHERE_MAX = 0x80L;
    public static final long WINDOW_ARGUMENTS = 6L;
    public static final long WINDOW_LIMIT_MAX_MS = 0x36ee80L;
    public static final long WINDOW_HEARTBEAT_MS = 0x64L;
    public static final long WINDOW_SILENCE_MS = 0x1388L;
    public static final long WINDOW_FUNCTION_MASK = 0xffL;
    public static final long WINDOW_POINTERS_SHIFT = 8L;
    public static final long WINDOW_POINTERS_MASK = 0x1fL;
    public static final long WINDOW_LIMITED = 0x2000L;
    public static final long WINDOW_STATUS_MASK = 0xffffL;
    public static final long WINDOW_NONE = 0L;
    public static final long WINDOW_SERVING = 1L;
    public static final long WINDOW_ENDING = 2L;
    public static final long WINDOW_OK = 0L;
    public static final long WINDOW_NO_FUNCTION = 1L;
    public static final long WINDOW_BAD_ARGUMENT = 2L;
    public static final long WINDOW_FAULT = 3L;
    public static final long WINDOW_LIMIT = 4L;
    public static final long WINDOW_STOPPED = 5L;

    /** Bytes of the whole. */
    public static final long SIZE = 0xc0L;

    public static final long MAGIC_OFFSET = 0L;
    public static final long REVISION_OFFSET = 8L;
    public static final long GENERATION_OFFSET = 0xcL;
    public static final long SIZE_OFFSET = 0x10L;
    public static final long FUNCTIONS_OFFSET = 0x18L;
    public static final long CHANNELS_OFFSET = 0x1cL;
    public static final long HEAP_SIZE_OFFSET = 0x20L;
    public static final long LIMIT_MS_OFFSET = 0x28L;
    public static final long PID_OFFSET = 0x2cL;
    public static final long STATE_OFFSET = 0x40L;
    public static final long HEARTBEAT_OFFSET = 0x48L;
    public static final long CALLS_OFFSET = 0x80L;
}
