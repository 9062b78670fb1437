// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ReportLineTest {
    @Test
    void shouldReadPairs() {
        ReportLine line = ReportLine.parse("unserved nr=435 name=clone3");
        assertThat(line.word()).isEqualTo("unserved");
        assertThat(line.values()).containsEntry("nr", "435").containsEntry("name", "clone3");
    }

    @Test
    void shouldReadAReasonToTheEndOfTheLine() {
        ReportLine line = ReportLine.parse("refused errno=8 reason=not an ELF file: a=b c");
        assertThat(line.value("errno")).contains("8");
        assertThat(line.value("reason")).contains("not an ELF file: a=b c");
    }

    @Test
    void shouldKeepWordsWithoutValueAsText() {
        assertThat(ReportLine.parse("trace 0 0x401136 main+0x16").text()).isEqualTo("0 0x401136 main+0x16");
    }

    @Test
    void shouldReadAnyLine() {
        assertThat(ReportLine.parse("").word()).isEmpty();
        assertThat(ReportLine.parse("  = == reason=").values()).containsEntry("reason", "");
        assertThat(ReportLine.parse("reason=x").word()).isEqualTo("reason=x");
    }
}
