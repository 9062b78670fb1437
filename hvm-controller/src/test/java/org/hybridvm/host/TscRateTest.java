// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TscRateTest {
    @Test
    void shouldTakeTheClockOfAVirtualMachineForItsCountersRate() {
        assertThat(TscRate.khz(
                        "processor\t: 0\ncpu MHz\t\t: 2596.122\nflags\t\t: fpu constant_tsc hypervisor lahf_lm\n"))
                .hasValue(2_596_122);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "cpu MHz : 800.000\nflags : fpu constant_tsc lahf_lm\n",
                "cpu MHz : 2596.122\nflags : fpu hypervisor lahf_lm\n",
                "cpu MHz : fast\nflags : constant_tsc hypervisor\n",
                "flags : constant_tsc hypervisor\n"
            })
    void shouldSayNothingWhereTheFileDoesNotTell(String cpuInfo) {
        assertThat(TscRate.khz(cpuInfo)).isEmpty();
    }
}
