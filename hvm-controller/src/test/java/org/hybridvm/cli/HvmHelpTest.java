// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.hybridvm.Home;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class HvmHelpTest {
    private static final int WIDTH = 100;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    static Stream<String> commands() {
        return new HvmHelpTest().names();
    }

    private Stream<String> names() {
        return Hvm.commandLine(context()).getSubcommands().keySet().stream();
    }

    @ParameterizedTest
    @MethodSource("commands")
    void shouldExplainEveryCommandWithExamples(String command) {
        assertThat(Hvm.run(context(), command, "--help")).isZero();
        assertThat(text(out))
                .startsWith("Usage: hvm " + command)
                .contains("\nExamples:\n  ")
                .contains("-h, --help")
                .satisfies(help -> assertThat(help.lines()).allMatch(line -> line.length() <= WIDTH));
        assertThat(text(err)).isEmpty();
    }

    @Test
    void shouldExplainWhatNoiseMeasures() {
        assertThat(Hvm.run(context(), "bench", "noise", "--help")).isZero();
        assertThat(text(out))
                .startsWith("Usage: hvm bench noise ")
                .contains("fixed work quantum")
                .contains("\nExamples:\n  ")
                .satisfies(help -> assertThat(help.lines()).allMatch(line -> line.length() <= WIDTH));
    }

    @Test
    void shouldExplainWhatNativeMeasures() {
        assertThat(Hvm.run(context(), "bench", "native", "--help")).isZero();
        assertThat(text(out))
                .startsWith("Usage: hvm bench native ")
                .contains("one bare cache line there and back")
                .contains("\nExamples:\n  ")
                .satisfies(help -> assertThat(help.lines()).allMatch(line -> line.length() <= WIDTH));
    }

    @Test
    void shouldListAllCommandsWithoutAny() {
        assertThat(Hvm.run(context())).isZero();
        assertThat(text(out))
                .contains("\nCommands:\n")
                .contains("  run ")
                .contains("  doctor ")
                .contains("Examples:");
    }

    @Test
    void shouldRefuseAnUnknownCommand() {
        assertThat(Hvm.run(context(), "lanch")).isEqualTo(2);
        assertThat(text(err)).isEqualTo("hvm: No such command or option: 'lanch'. Try: hvm --help\n");
    }

    @Test
    void shouldRefuseAnUnknownOption() {
        assertThat(Hvm.run(context(), "list", "--all")).isEqualTo(2);
        assertThat(text(err)).isEqualTo("hvm: Unknown option: '--all'. Try: hvm list --help\n");
    }

    @Test
    void shouldRefuseAMissingParameter() {
        assertThat(Hvm.run(context(), "info")).isEqualTo(2);
        assertThat(text(err)).isEqualTo("hvm: Missing required parameter: 'VM|JOB'. Try: hvm info --help\n");
    }

    @Test
    void shouldRefuseANumberThatIsNone() {
        assertThat(Hvm.run(context(), "run", "--cores", "many", "x")).isEqualTo(2);
        assertThat(text(err))
                .isEqualTo("hvm: Invalid value for option '--cores': 'many' is not an int. Try: hvm run --help\n");
    }

    @Test
    void shouldRefuseAnUnknownFormat() {
        assertThat(Hvm.run(context(), "list", "-o", "xml")).isEqualTo(2);
        assertThat(text(err)).contains("expected one of [text, json]").endsWith("Try: hvm list --help\n");
    }

    private Context context() {
        return new Context(
                InputStream.nullInputStream(),
                out,
                err,
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                Map.of(),
                Path.of("/"),
                new Home(Path.of("/nonexistent"), Path.of("/nonexistent")),
                false);
    }

    private static String text(ByteArrayOutputStream bytes) {
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
