// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TraceParentTest {
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String SPAN = "b7ad6b7169203331";

    @Test
    void shouldReadWhatTheSpecificationShows() {
        String text = "00-" + TRACE + "-" + SPAN + "-01";
        assertThat(TraceParent.parse(text)).contains(new TraceParent(TRACE, SPAN, true));
        assertThat(TraceParent.parse(text).orElseThrow()).hasToString(text);
        assertThat(TraceParent.of(List.of("A=b", "TRACEPARENT=" + text))).isPresent();
    }

    @Test
    void shouldReadALaterVersionByItsFirstParts() {
        assertThat(TraceParent.parse("cc-" + TRACE + "-" + SPAN + "-00-what-comes"))
                .contains(new TraceParent(TRACE, SPAN, false));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "00",
                "ff-" + TRACE + "-" + SPAN + "-01",
                "00-00000000000000000000000000000000-" + SPAN + "-01",
                "00-" + TRACE + "-0000000000000000-01",
                "00-" + TRACE + "-" + SPAN + "-01-more",
                "00-0AF7651916CD43DD8448EB211C80319C-" + SPAN + "-01"
            })
    void shouldIgnoreWhatIsNone(String text) {
        assertThat(TraceParent.parse(text)).isEmpty();
    }

    @Test
    void shouldBeginTracesOfTheirOwn() {
        TraceParent one = TraceParent.begin();
        assertThat(TraceParent.parse(one.toString())).contains(one);
        assertThat(one.traceId()).isNotEqualTo(TraceParent.begin().traceId());
    }
}
