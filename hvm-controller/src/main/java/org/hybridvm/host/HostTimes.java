// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What the host's cores have done since its boot, after {@code /proc/stat} (proc(5)). */
public final class HostTimes {
    private static final long NANOS_PER_TICK = 10_000_000; // USER_HZ is 100 on every x86 Linux
    private static final int IDLE = 4;
    private static final int IOWAIT = 5;
    private static final int STEAL = 8;

    private HostTimes() {}

    /**
     * A core's times, in steps of ten milliseconds.
     *
     * @param busy nanoseconds that it worked for this host
     * @param idle nanoseconds that it had nothing to do, waiting for a disk included
     * @param steal nanoseconds that a hypervisor below had it for others
     */
    public record Core(int number, long busy, long idle, long steal) {}

    public static List<Core> read() {
        return read(Path.of("/proc/stat"));
    }

    static List<Core> read(Path stat) {
        var cores = new ArrayList<Core>();
        try {
            for (String line : Files.readAllLines(stat)) {
                if (line.matches("cpu[0-9]+ .*")) {
                    cores.add(core(line.split(" +")));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return cores;
    }

    /** Fields: user nice system idle iowait irq softirq steal; guest time is part of user's. */
    private static Core core(String[] fields) {
        long busy = 0;
        long idle = 0;
        for (int i = 1; i < STEAL && i < fields.length; i++) {
            long time = Long.parseLong(fields[i]) * NANOS_PER_TICK;
            if (i == IDLE || i == IOWAIT) {
                idle += time;
            } else {
                busy += time;
            }
        }
        long steal = fields.length > STEAL ? Long.parseLong(fields[STEAL]) * NANOS_PER_TICK : 0;
        return new Core(Integer.parseInt(fields[0].substring("cpu".length())), busy, idle, steal);
    }
}
