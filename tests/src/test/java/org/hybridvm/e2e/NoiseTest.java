// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import javax.xml.parsers.DocumentBuilderFactory;
import org.hybridvm.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** hvm bench noise: how noisy a host is is not asserted, but that the HRT core adds nothing to it is. */
@WithVm
@Timeout(120)
class NoiseTest {
    @Test
    void shouldMeasureBothCoresAndFindNoInterruptOnTheHrtCore(Node node) throws Exception {
        Path plot = node.folder().resolve("noise.svg");
        Files.deleteIfExists(plot);

        JsonObject noise = node.json("bench", "noise", Node.VM, "--seconds", "2");

        assertThat(noise.objects("cores").stream().map(core -> core.text("kind")))
                .containsExactly("hrt", "linux");
        JsonObject hrt = noise.objects("cores").getFirst();
        JsonObject linux = noise.objects("cores").getLast();
        assertThat(hrt.number("interrupts")).isZero();
        assertThat(linux.number("interrupts")).isPositive();
        assertThat(hrt.number("cpu")).isNotEqualTo(linux.number("cpu"));
        assertThat(noise.objects("cores")).allSatisfy(core -> {
            JsonObject quantum = core.object("fwq");
            assertThat(quantum.decimal("min_ns")).isPositive();
            assertThat(quantum.decimal("median_ns")).isBetween(quantum.decimal("min_ns"), quantum.decimal("p99_ns"));
            assertThat(quantum.decimal("p99_ns")).isLessThanOrEqualTo(quantum.decimal("max_ns"));
            JsonObject detours = core.object("detours");
            assertThat(detours.decimal("lost")).isBetween(0.0, 1.0);
            assertThat((double) detours.number("count")).isEqualTo(sum(detours.decimals("histogram")));
        });
        assertThat(noise.text("plot")).isEqualTo(plot.toString());
        var picture = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(plot.toFile());
        assertThat(picture.getDocumentElement().getTagName()).isEqualTo("svg");
    }

    private static double sum(double[] counts) {
        double sum = 0;
        for (double count : counts) {
            sum += count;
        }
        return sum;
    }
}
