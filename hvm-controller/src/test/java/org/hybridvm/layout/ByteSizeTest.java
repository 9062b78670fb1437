// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteSizeTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "4096, 4096",
        "7B, 7",
        "1K, 1024",
        "1KB, 1024",
        "1KiB, 1024",
        "64MiB, 67108864",
        "512M, 536870912",
        "2 GiB, 2147483648",
        "3TiB, 3298534883328",
        "' 1MiB ', 1048576"
    })
    void shouldReadUnitsAsPowersOf1024(String text, long bytes) {
        assertThat(ByteSize.parse(text)).hasValue(bytes);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "MiB", "-1MiB", "+1MiB", "1.5GiB", "0x10", "1  GiB", "1mib", "1Mi", "1PiB", "1 2", "1\nMiB"})
    void shouldSeeNoSizeInOtherTexts(String text) {
        assertThat(ByteSize.parse(text)).isEmpty();
    }

    @Test
    void shouldReadTheLargestSizeThatALongHolds() {
        assertThat(ByteSize.parse("8388607TiB")).hasValue(8388607L << 40);
        assertThat(ByteSize.parse("8388608TiB")).isEmpty();
    }

    @Test
    void shouldReadAtMostTwelveDigits() {
        assertThat(ByteSize.parse("999999999999")).hasValue(999_999_999_999L);
        assertThat(ByteSize.parse("1000000000000")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0B",
        "1023, 1023B",
        "1024, 1KiB",
        "1536, 1536B",
        "67108864, 64MiB",
        "1610612736, 1536MiB",
        "2147483648, 2GiB",
        "1125899906842624, 1024TiB"
    })
    void shouldWriteTheLargestUnitThatLeavesNoFraction(long bytes, String text) {
        assertThat(ByteSize.format(bytes)).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 1024, 3L << 20, 5L << 30, 7L << 40})
    void shouldReadWhatItWrote(long bytes) {
        assertThat(ByteSize.parse(ByteSize.format(bytes))).hasValue(bytes);
    }
}
