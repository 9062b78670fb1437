// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class RunFrameTest {
    @Test
    void shouldEncodeByteForByte() {
        assertThat(HexFormat.of()
                        .formatHex(RunFrame.credit(RunFrame.STDOUT, 0x6789, 0x12345)
                                .encode()))
                .isEqualTo("03010000" + "0c000000" + "8967000000000000" + "45230100");
        assertThat(HexFormat.of().formatHex(RunFrame.dataEnd(RunFrame.STDIN).encode()))
                .isEqualTo("02000000" + "00000000");
    }

    @Test
    void shouldDecodeWhatItEncodes() {
        for (RunFrame.Type type : RunFrame.Type.values()) {
            byte[] bytes = new RunFrame(type, RunFrame.STDERR, new byte[] {1, 2, 3}).encode();
            assertThat(RunFrame.Header.decode(ByteBuffer.wrap(bytes)))
                    .isEqualTo(new RunFrame.Header(type, RunFrame.STDERR, 3));
        }
    }

    @Test
    void shouldRefuseAnUnknownType() {
        assertRefused("00000000" + "00000000", "unknown frame type 0");
        assertRefused("ff000000" + "00000000", "unknown frame type 255");
    }

    @Test
    void shouldRefuseAnUnknownStream() {
        assertRefused("01030000" + "00000000", "bad frame stream 3");
    }

    @Test
    void shouldRefuseAFrameThatIsTooLong() {
        assertRefused("01000000" + "01000100", "frame of 65537 bytes, limit 65536");
        assertRefused("01000000" + "ffffffff", "frame of 4294967295 bytes, limit 65536");
    }

    @Test
    void shouldLetARequestBeLonger() {
        assertThat(RunFrame.Header.decode(ByteBuffer.wrap(HexFormat.of().parseHex("0500000000004000")))
                        .length())
                .isEqualTo(RunFrame.MAX_REQUEST);
    }

    @Test
    void shouldRefuseANumberThatIsNone() {
        assertThatThrownBy(() -> RunFrame.data(0, new byte[3]).number()).hasMessage("a number of 3 bytes");
        assertThatThrownBy(() -> RunFrame.data(0, new byte[] {-1, -1, -1, -1}).number())
                .hasMessage("the number 4294967295");
        assertThatThrownBy(() -> RunFrame.data(0, new byte[4]).credit()).hasMessage("a credit of 4 bytes");
        assertThatThrownBy(() -> RunFrame.credit(0, -1, 0).credit())
                .hasMessage("the credit Credit[taken=-1, window=0]");
        assertThatThrownBy(() -> RunFrame.credit(0, 0, -1).credit())
                .hasMessage("the credit Credit[taken=0, window=-1]");
    }

    private static void assertRefused(String hex, String words) {
        ByteBuffer bytes = ByteBuffer.wrap(HexFormat.of().parseHex(hex));
        assertThatThrownBy(() -> RunFrame.Header.decode(bytes))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(words);
    }
}
