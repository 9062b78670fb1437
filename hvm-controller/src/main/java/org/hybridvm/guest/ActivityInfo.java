// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.hybridvm.job.HrtCounters;
import org.hybridvm.vm.Guest;

/** Reads {@code struct hvm_activity} of hvm/device.h, without the cores that there are not. */
final class ActivityInfo {
    static final int HEAD_SIZE = 112;
    static final int CORE_SIZE = 32;

    private static final int CORE_COUNT_OFFSET = 4;
    private static final int NAME_OFFSET = 8;
    private static final int COUNTERS_OFFSET = 40;
    private static final int CORE_HEARTBEAT_OFFSET = 8;
    private static final int CORE_INTERRUPTS_OFFSET = 16;
    private static final int MAX_CORES = 64;

    /** enum hvm_core_state of hvm/partition.h, in its order. */
    static final String[] STATES = {"OFF", "STARTING", "IDLE", "RUNNING", "PANIC"};

    private ActivityInfo() {}

    /** All that an answer has. */
    static List<Guest.Activity> all(Fields answer) throws ProtocolException {
        var activities = new ArrayList<Guest.Activity>();
        for (byte[] info : answer.all(FieldTag.ACTIVITY)) {
            activities.add(decode(info));
        }
        return activities;
    }

    /** All that an answer has, as one. */
    static HrtCounters sum(Fields answer) throws ProtocolException {
        return all(answer).stream()
                .map(one -> new HrtCounters(
                        one.jobs(),
                        one.callsLocal(),
                        one.callsForwarded(),
                        one.pageFaults(),
                        one.doorbells(),
                        one.halts(),
                        one.interrupts(),
                        one.shootdowns(),
                        one.preemptions()))
                .reduce(HrtCounters.NONE, HrtCounters::plus);
    }

    static Guest.Activity decode(byte[] bytes) throws ProtocolException {
        ByteBuffer info = Struct.of(bytes);
        int cores = bytes.length < HEAD_SIZE ? -1 : info.getInt(CORE_COUNT_OFFSET);
        if (cores < 0 || cores > MAX_CORES || bytes.length != HEAD_SIZE + cores * CORE_SIZE) {
            throw new ProtocolException("a partition's activity of " + bytes.length + " bytes for " + cores + " cores");
        }
        info.position(COUNTERS_OFFSET);
        return new Guest.Activity(
                Struct.name(bytes, NAME_OFFSET),
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
                    Struct.word(STATES, info.getInt(at), "state"),
                    info.getLong(at + CORE_HEARTBEAT_OFFSET),
                    info.getLong(at + CORE_INTERRUPTS_OFFSET)));
        }
        return cores;
    }
}
