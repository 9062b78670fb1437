// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.hybridvm.vm.Guest;

/** Reads {@code struct hvm_activity} of hvm/device.h, without the cores that there are not. */
final class ActivityInfo {
    static final int HEAD_SIZE = 112;
    static final int CORE_SIZE = 32;

    private static final int CORE_COUNT_OFFSET = 4;
    private static final int NAME_OFFSET = 8;
    private static final int NAME_SIZE = 32;
    private static final int COUNTERS_OFFSET = 40;
    private static final int CORE_HEARTBEAT_OFFSET = 8;
    private static final int CORE_INTERRUPTS_OFFSET = 16;
    private static final int MAX_CORES = 64;

    /** enum hvm_core_state of hvm/partition.h, in its order. */
    private static final String[] STATES = {"OFF", "STARTING", "IDLE", "RUNNING", "PANIC"};

    private ActivityInfo() {}

    static Guest.Activity decode(byte[] bytes) throws ProtocolException {
        ByteBuffer info = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int cores = bytes.length < HEAD_SIZE ? -1 : info.getInt(CORE_COUNT_OFFSET);
        if (cores < 0 || cores > MAX_CORES || bytes.length != HEAD_SIZE + cores * CORE_SIZE) {
            throw new ProtocolException("a partition's activity of " + bytes.length + " bytes for " + cores + " cores");
        }
        info.position(COUNTERS_OFFSET);
        return new Guest.Activity(
                name(bytes),
                info.getLong(),
                info.getLong(),
                info.getLong(),
                info.getLong(),
                info.getLong(),
                info.getLong(),
                info.getLong(),
                info.getLong(),
                info.getLong(),
                cores(info, cores));
    }

    private static List<Guest.Core> cores(ByteBuffer info, int count) {
        var cores = new ArrayList<Guest.Core>();
        for (int at = HEAD_SIZE; at < HEAD_SIZE + count * CORE_SIZE; at += CORE_SIZE) {
            cores.add(new Guest.Core(
                    state(info.getInt(at)),
                    info.getLong(at + CORE_HEARTBEAT_OFFSET),
                    info.getLong(at + CORE_INTERRUPTS_OFFSET)));
        }
        return cores;
    }

    private static String name(byte[] bytes) {
        String field = new String(bytes, NAME_OFFSET, NAME_SIZE, StandardCharsets.UTF_8);
        int end = field.indexOf(0);
        return end < 0 ? field : field.substring(0, end);
    }

    private static String state(int number) {
        return number >= 0 && number < STATES.length ? STATES[number] : "state " + Integer.toUnsignedString(number);
    }
}
