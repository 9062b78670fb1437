// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The rate of the host's time stamp counter, which is also what a guest sees under QEMU's interpreter. A guest that has
 * to measure it on a busy host can be wrong by several times.
 */
public final class TscRate {
    private static final Pattern FLAGS = Pattern.compile("(?m)^flags\\s*:(.*)$");
    private static final Pattern MHZ = Pattern.compile("(?m)^cpu MHz\\s*:\\s*(\\d{1,5})\\.(\\d{3})\\s*$");

    private TscRate() {}

    /**
     * @param cpuInfo the text of /proc/cpuinfo
     * @return kHz; empty where it cannot be told: on bare metal the file has the clock of the moment, while in a virtual
     *     machine, whose kernel changes no clock, it has the counter's rate
     */
    public static OptionalLong khz(String cpuInfo) {
        Matcher flags = FLAGS.matcher(cpuInfo);
        Matcher mhz = MHZ.matcher(cpuInfo);
        if (!flags.find() || !mhz.find()) {
            return OptionalLong.empty();
        }
        String words = flags.group(1) + " ";
        if (!words.contains(" hypervisor ") || !words.contains(" constant_tsc ")) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(Long.parseLong(mhz.group(1)) * 1000 + Long.parseLong(mhz.group(2)));
    }
}
