// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The OpenMP programs of examples/: their results on HRT cores are the stored ones, bit for bit. */
@WithVm
@Timeout(180)
class ExamplesTest {
    @ParameterizedTest
    @CsvSource({
        "cg, 64, 2, 1",
        "cg, 64, 2, 2",
        "stream, 100000, 2, 1",
        "stream, 100000, 2, 2",
        "stencil, 128, 50, 1",
        "stencil, 128, 50, 2",
        "fft, 12, 2, 1",
        "fft, 12, 2, 2",
        "nbody, 200, 3, 1",
        "nbody, 200, 3, 2"
    })
    void shouldGiveTheStoredResult(String name, String size, String repetitions, String threads, Node node)
            throws IOException {
        String program = Programs.in(node.folder()).path(name).toString();

        Outcome onHrt = Commands.run(
                node.command(
                        "run",
                        "--vm",
                        Node.VM,
                        "--cores",
                        threads,
                        "--env",
                        "OMP_NUM_THREADS=" + threads,
                        "--",
                        program,
                        size,
                        repetitions),
                new byte[0],
                Duration.ofSeconds(150));

        assertThat(onHrt.succeeded().text().lines()).containsExactly(stored(name));
        assertThat(onHrt.errors()).startsWith(name + ": " + threads + " threads, ");
    }

    private static String stored(String name) throws IOException {
        List<String> lines = Files.readAllLines(Tree.ROOT.resolve("examples/expected.txt"));
        return lines.stream()
                .filter(line -> line.startsWith(name + ":"))
                .findFirst()
                .orElseThrow();
    }
}
