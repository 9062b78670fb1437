// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

/** Layout of the registers inside a slot, {@code struct hvm_regs} of {@code hvm/slot.h}. A test holds every number against the C header. */
public final class RegistersDescriptor {
    private RegistersDescriptor() {}

    /** Bytes of the whole. */
    public static final long SIZE = 0xc0L;

    public static final long R15_OFFSET = 0L;
    public static final long R14_OFFSET = 8L;
    public static final long R13_OFFSET = 0x10L;
    public static final long R12_OFFSET = 0x18L;
    public static final long R11_OFFSET = 0x20L;
    public static final long R10_OFFSET = 0x28L;
    public static final long R9_OFFSET = 0x30L;
    public static final long R8_OFFSET = 0x38L;
    public static final long RAX_OFFSET = 0x40L;
    public static final long RCX_OFFSET = 0x48L;
    public static final long RDX_OFFSET = 0x50L;
    public static final long RSI_OFFSET = 0x58L;
    public static final long RDI_OFFSET = 0x60L;
    public static final long RBP_OFFSET = 0x68L;
    public static final long RBX_OFFSET = 0x70L;
    public static final long VECTOR_OFFSET = 0x78L;
    public static final long ERROR_OFFSET = 0x80L;
    public static final long RIP_OFFSET = 0x88L;
    public static final long CS_OFFSET = 0x90L;
    public static final long RFLAGS_OFFSET = 0x98L;
    public static final long RSP_OFFSET = 0xa0L;
    public static final long SS_OFFSET = 0xa8L;
    public static final long CR2_OFFSET = 0xb0L;
    public static final long FS_BASE_OFFSET = 0xb8L;
}
