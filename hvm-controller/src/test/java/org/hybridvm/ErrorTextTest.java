// SPDX-License-Identifier: Apache-2.0
package org.hybridvm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ErrorTextTest {
    @Test
    void shouldPutAllPartsIntoOneLine() {
        assertThat(HvmException.of(ErrorCode.TOO_MANY_CORES, "Too many cores")
                        .value(8)
                        .allowed("1 to 2")
                        .owner("demo/hrt")
                        .hint("hvm run --cores 2")
                        .build())
                .hasMessage("Too many cores: 8. Allowed: 1 to 2. Owner: demo/hrt. Try: hvm run --cores 2");
    }

    @Test
    void shouldLeaveOutWhatIsNotSaid() {
        assertThat(HvmException.of(ErrorCode.INTERNAL, "It failed").build()).hasMessage("It failed.");
    }

    @Test
    void shouldComeBackFromTheWireAsItWas() {
        HvmException error = HvmException.of(ErrorCode.NO_SUCH_VM, "No such VM")
                .value("x")
                .hint("hvm list")
                .build();
        HvmException back = Problem.fromJson(JsonObject.parse(Json.write(Problem.toJson(error))));
        assertThat(back).hasMessage(error.getMessage());
        assertThat(back.code()).isEqualTo(ErrorCode.NO_SUCH_VM);
    }

    @Test
    void shouldHaveOneNameForEachCode() {
        assertThat(Arrays.stream(ErrorCode.values()).map(ErrorCode::wireName))
                .doesNotHaveDuplicates()
                .allMatch(name -> name.matches("[a-z_]+"));
    }
}
