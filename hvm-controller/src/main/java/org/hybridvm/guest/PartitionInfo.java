// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.hybridvm.vm.Guest;

/** Reads {@code struct hvm_info} of hvm/device.h. */
final class PartitionInfo {
    static final int SIZE = 160;

    private static final int STATE_OFFSET = 4;
    private static final int NAME_OFFSET = 8;
    private static final int NAME_SIZE = 32;
    private static final int CORES_OFFSET = 40;
    private static final int CORES_FREE_OFFSET = 44;
    private static final int MEMORY_SIZE_OFFSET = 56;
    private static final int GENERATION_OFFSET = 64;
    private static final int FIRST_INSTRUCTION_OFFSET = 80;
    private static final int READY_OFFSET = 88;
    private static final int JOBS_OFFSET = 104;
    private static final int HEARTBEAT_OFFSET = 112;
    private static final int INTERRUPTS_OFFSET = 120;
    private static final int PROGRAM_MEMORY_OFFSET = 128;
    private static final int PROGRAM_MEMORY_USED_OFFSET = 136;
    private static final int PRIVILEGE_OFFSET = 144;

    /** enum hvm_partition_state of hvm/partition.h, in its order. */
    private static final String[] STATES = {"DOWN", "LOADING", "BOOTING", "READY", "RUNNING", "HUNG", "FAILED"};

    /** enum hvm_privilege, in its order. */
    private static final String[] PRIVILEGES = {"kernel", "user"};

    private PartitionInfo() {}

    static Guest.Partition decode(byte[] bytes) throws ProtocolException {
        if (bytes.length != SIZE) {
            throw new ProtocolException("a partition's description of " + bytes.length + " bytes, not " + SIZE);
        }
        ByteBuffer info = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        return new Guest.Partition(
                name(bytes),
                state(info.getInt(STATE_OFFSET)),
                info.getInt(CORES_OFFSET),
                info.getInt(CORES_FREE_OFFSET),
                info.getLong(MEMORY_SIZE_OFFSET),
                info.getLong(PROGRAM_MEMORY_OFFSET),
                info.getLong(PROGRAM_MEMORY_USED_OFFSET),
                info.getInt(GENERATION_OFFSET),
                Duration.ofNanos(info.getLong(FIRST_INSTRUCTION_OFFSET)),
                Duration.ofNanos(info.getLong(READY_OFFSET)),
                info.getLong(HEARTBEAT_OFFSET),
                info.getLong(INTERRUPTS_OFFSET),
                info.getInt(JOBS_OFFSET),
                privilege(info.getInt(PRIVILEGE_OFFSET)));
    }

    private static String name(byte[] bytes) {
        int end = NAME_OFFSET;
        while (end < NAME_OFFSET + NAME_SIZE && bytes[end] != 0) {
            end++;
        }
        return new String(bytes, NAME_OFFSET, end - NAME_OFFSET, StandardCharsets.UTF_8);
    }

    static boolean isState(String name) {
        return List.of(STATES).contains(name);
    }

    private static String privilege(int number) {
        return number >= 0 && number < PRIVILEGES.length
                ? PRIVILEGES[number]
                : "privilege " + Integer.toUnsignedString(number);
    }

    private static String state(int number) {
        return number >= 0 && number < STATES.length ? STATES[number] : "state " + Integer.toUnsignedString(number);
    }
}
