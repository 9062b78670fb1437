// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Debian's busybox, unmodified, over 50 MB: the HRT gives the bytes that the host gives. */
@WithVm
@Timeout(400)
class BusyboxTest {
    private Node node;
    private Path sample;

    @BeforeEach
    void makeSample(Node up) throws IOException {
        node = up;
        sample = SampleFile.in(up.folder());
    }

    @Test
    void shouldDigestAFileAsTheHostDoes() {
        assertSameAsHost("sha256sum", sample.toString());
    }

    @Test
    void shouldSortAsTheHostDoes() {
        assertSameAsHost("sort", sample.toString());
    }

    @Test
    void shouldRunAwkAsTheHostDoes() {
        assertSameAsHost(
                "awk",
                "{ n[$2]++; sum += $1 } END { for (word in n) print word, n[word]; print sum }",
                sample.toString());
    }

    @Test
    void shouldCompressAndExpandToTheSameBytes() throws IOException {
        Outcome compressed =
                node.run("/bin/busybox", "gzip", "-c", sample.toString()).succeeded();
        assertThat(compressed.output())
                .isEqualTo(onHost("gzip", "-c", sample.toString()).output());
        Outcome expanded = node.runWith(compressed.output(), "/bin/busybox", "gunzip", "-c")
                .succeeded();
        assertThat(Files.mismatch(sample, write("expanded", expanded.output()))).isEqualTo(-1);
    }

    private void assertSameAsHost(String... applet) {
        Outcome onHrt = node.run(words("/bin/busybox", applet)).succeeded();
        assertThat(onHrt.output()).isEqualTo(onHost(applet).output());
    }

    private Outcome onHost(String... applet) {
        List<String> command = List.of(words(Tree.BUSYBOX.toString(), applet));
        return Commands.run(
                        Commands.builder(node.folder(), Map.of("LC_ALL", "C"), command),
                        new byte[0],
                        Duration.ofMinutes(2))
                .succeeded();
    }

    private Path write(String name, byte[] bytes) throws IOException {
        return Files.write(node.folder().resolve(name), bytes);
    }

    private static String[] words(String program, String... applet) {
        var all = new ArrayList<String>();
        all.add(program);
        all.addAll(List.of(applet));
        return all.toArray(String[]::new);
    }
}
