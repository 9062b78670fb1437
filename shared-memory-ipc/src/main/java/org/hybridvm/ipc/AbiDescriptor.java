// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

/** Numbers that all of the ABI shares, {@code hvm/types.h}. A test holds every number against the C header. */
public final class AbiDescriptor {
    private AbiDescriptor() {}

    public static final long ABI_REVISION = 1L;
    public static final long CACHE_LINE = 0x40L;
    public static final long PAGE_SIZE = 0x1000L;
}
