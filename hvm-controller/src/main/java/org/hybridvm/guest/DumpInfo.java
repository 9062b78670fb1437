// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.hybridvm.ipc.RegistersDescriptor;
import org.hybridvm.vm.PartitionDump;

/** Reads {@code struct hvm_core_info} and {@code struct hvm_slot_info} of hvm/device.h. */
final class DumpInfo {
    static final int CORE_SIZE = 600;
    static final int SLOT_SIZE = 168;

    private static final int CORE_OFFSET = 32;
    private static final int STATE_OFFSET = 36;
    private static final int CPU_OFFSET = 44;
    private static final int HEARTBEAT_OFFSET = 48;
    private static final int INTERRUPTS_OFFSET = 56;
    private static final int COMMAND_OFFSET = 64;
    private static final int COMMAND_ACK_OFFSET = 72;
    private static final int PID_OFFSET = 80;
    private static final int SPOKE_OFFSET = 84;
    private static final int LAST_OFFSET = 88;
    private static final int LAST_CR3_OFFSET = LAST_OFFSET + 16;
    private static final int LAST_REGS_OFFSET = LAST_OFFSET + 64;
    private static final int LAST_TRACE_OFFSET = LAST_REGS_OFFSET + (int) RegistersDescriptor.SIZE;
    private static final int TRACE_MAX = 16;

    private static final int SLOT_OFFSET = 32;
    private static final int SLOT_ARGUMENTS_OFFSET = 56;
    private static final int ARGUMENTS = 6;

    private static final Map<String, Long> REGISTERS = registers();

    private DumpInfo() {}

    static PartitionDump.Core core(byte[] bytes, List<Long> programTrace) throws ProtocolException {
        ByteBuffer info = Struct.of(bytes, CORE_SIZE, "core");
        boolean spoke = info.getInt(SPOKE_OFFSET) != 0;
        var registers = new LinkedHashMap<String, Long>();
        var trace = new ArrayList<Long>();
        if (spoke) {
            REGISTERS.forEach(
                    (name, offset) -> registers.put(name, info.getLong(LAST_REGS_OFFSET + offset.intValue())));
            registers.put("cr3", info.getLong(LAST_CR3_OFFSET));
            for (int i = 0; i < TRACE_MAX && info.getLong(LAST_TRACE_OFFSET + 8 * i) != 0; i++) {
                trace.add(info.getLong(LAST_TRACE_OFFSET + 8 * i));
            }
        }
        return new PartitionDump.Core(
                Integer.toUnsignedLong(info.getInt(CORE_OFFSET)),
                Integer.toUnsignedLong(info.getInt(CPU_OFFSET)),
                Struct.word(ActivityInfo.STATES, info.getInt(STATE_OFFSET), "state"),
                info.getLong(HEARTBEAT_OFFSET),
                info.getLong(INTERRUPTS_OFFSET),
                info.getLong(COMMAND_OFFSET) == info.getLong(COMMAND_ACK_OFFSET),
                Integer.toUnsignedLong(info.getInt(PID_OFFSET)),
                registers,
                trace,
                programTrace);
    }

    static PartitionDump.Thread thread(byte[] bytes) throws ProtocolException {
        ByteBuffer info = Struct.of(bytes, SLOT_SIZE, "slot");
        var numbers = new ArrayList<Long>();
        for (int at = SLOT_OFFSET; at < SLOT_ARGUMENTS_OFFSET; at += Integer.BYTES) {
            numbers.add(Integer.toUnsignedLong(info.getInt(at)));
        }
        var arguments = new ArrayList<Long>();
        for (int i = 0; i < ARGUMENTS; i++) {
            arguments.add(info.getLong(SLOT_ARGUMENTS_OFFSET + 8 * i));
        }
        return new PartitionDump.Thread(
                numbers.get(0),
                numbers.get(1),
                numbers.get(2),
                numbers.get(3),
                numbers.get(4),
                numbers.get(5) != 0,
                arguments);
    }

    static List<Long> addresses(byte[] bytes) {
        ByteBuffer words = Struct.of(bytes);
        var addresses = new ArrayList<Long>();
        while (words.remaining() >= Long.BYTES) {
            addresses.add(words.getLong());
        }
        return addresses;
    }

    private static Map<String, Long> registers() {
        var registers = new LinkedHashMap<String, Long>();
        registers.put("rip", RegistersDescriptor.RIP_OFFSET);
        registers.put("rsp", RegistersDescriptor.RSP_OFFSET);
        registers.put("rbp", RegistersDescriptor.RBP_OFFSET);
        registers.put("rflags", RegistersDescriptor.RFLAGS_OFFSET);
        registers.put("rax", RegistersDescriptor.RAX_OFFSET);
        registers.put("rbx", RegistersDescriptor.RBX_OFFSET);
        registers.put("rcx", RegistersDescriptor.RCX_OFFSET);
        registers.put("rdx", RegistersDescriptor.RDX_OFFSET);
        registers.put("rsi", RegistersDescriptor.RSI_OFFSET);
        registers.put("rdi", RegistersDescriptor.RDI_OFFSET);
        registers.put("r8", RegistersDescriptor.R8_OFFSET);
        registers.put("r9", RegistersDescriptor.R9_OFFSET);
        registers.put("r10", RegistersDescriptor.R10_OFFSET);
        registers.put("r11", RegistersDescriptor.R11_OFFSET);
        registers.put("r12", RegistersDescriptor.R12_OFFSET);
        registers.put("r13", RegistersDescriptor.R13_OFFSET);
        registers.put("r14", RegistersDescriptor.R14_OFFSET);
        registers.put("r15", RegistersDescriptor.R15_OFFSET);
        registers.put("vector", RegistersDescriptor.VECTOR_OFFSET);
        registers.put("error", RegistersDescriptor.ERROR_OFFSET);
        registers.put("cr2", RegistersDescriptor.CR2_OFFSET);
        registers.put("fs_base", RegistersDescriptor.FS_BASE_OFFSET);
        return registers;
    }
}
