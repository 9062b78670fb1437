// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.hybridvm.vm.Guest;

/** Reads {@code struct hvm_info} of hvm/device.h. */
final class PartitionInfo {
    static final int SIZE = 160;

    private static final int STATE_OFFSET = 4;
    private static final int NAME_OFFSET = 8;
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

    /** All that an answer has. */
    static List<Guest.Partition> all(Fields answer) throws ProtocolException {
        var partitions = new ArrayList<Guest.Partition>();
        for (byte[] info : answer.all(FieldTag.INFO)) {
            partitions.add(decode(info));
        }
        return partitions;
    }

    static Guest.Partition decode(byte[] bytes) throws ProtocolException {
        ByteBuffer info = Struct.of(bytes, SIZE, "partition");
        return new Guest.Partition(
                Struct.name(bytes, NAME_OFFSET),
                Struct.word(STATES, info.getInt(STATE_OFFSET), "state"),
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
                Struct.word(PRIVILEGES, info.getInt(PRIVILEGE_OFFSET), "privilege"));
    }

    static boolean isState(String name) {
        return List.of(STATES).contains(name);
    }
}
