// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

class ManPagesTest {
    private static final Instant DATE = Instant.parse("2026-01-31T12:00:00Z");
    private static final Path MANDOC = Path.of("/usr/bin/mandoc");

    @TempDir
    private Path folder;

    static List<CommandLine> commands() {
        return withThoseBelow(Hvm.commandLine(Context.ofThisProcess()));
    }

    private static List<CommandLine> withThoseBelow(CommandLine command) {
        var all = new java.util.ArrayList<>(List.of(command));
        CommandPage.below(command).forEach(one -> all.addAll(withThoseBelow(one)));
        return all;
    }

    @ParameterizedTest
    @MethodSource("commands")
    void shouldTellEveryOptionAndParameterOfACommand(CommandLine command) throws IOException {
        String page = ManPages.all(DATE).get(CommandPage.nameOf(command) + ".1").toString();
        command.getCommandSpec()
                .options()
                .forEach(option -> Arrays.stream(option.names())
                        .forEach(name -> assertThat(page)
                                .contains("Fl " + name.substring(1).replace("-", "\\-"))));
        command.getCommandSpec()
                .positionalParameters()
                .forEach(parameter ->
                        assertThat(page).contains(".It Ar " + ManPage.word(parameter.paramLabel()) + "\n"));
        assertThat(page)
                .contains(".Dd January 31, 2026\n", ".Sh NAME\n", ".Sh SYNOPSIS\n", ".Sh EXAMPLES\n", ".Sh SEE ALSO\n")
                .doesNotContain("%%", "${");
    }

    @Test
    void shouldTellEveryFieldOfALayout() throws IOException {
        String page = ManPages.all(DATE).get("hvm.layout.5").toString();
        assertThat(page)
                .contains(
                        ".It Va name\n",
                        ".It Va partitions\n",
                        ".It Va rootfs\n",
                        ".It Va readonly\n",
                        ".It Va limit\n")
                .contains("At least 512MiB.\nA multiple of 2MiB.\nDefault: 2GiB\n");
    }

    @Test
    void shouldNameOnlyPagesThatAreThere() throws IOException {
        Map<String, ManPage> pages = ManPages.all(DATE);
        var named = new TreeSet<String>();
        pages.values()
                .forEach(page -> page.toString()
                        .lines()
                        .filter(line -> line.startsWith(".Xr hvm"))
                        .map(line -> line.split(" "))
                        .forEach(words -> named.add(words[1] + "." + words[2])));
        named.remove("hvmd.8"); // is written by hand
        assertThat(pages.keySet()).containsAll(named);
    }

    @Test
    void shouldEscapeWhatMdocWouldTakeForItsOwn() {
        assertThat(new ManPage("x", 1, "May 1, 2026", "a page")
                        .text(List.of(".hidden", "a\\b --long", "", "  'literal", "end"))
                        .toString())
                .endsWith("""
                        \\&.hidden
                        a\\eb \\-\\-long
                        .Pp
                        .Bd -literal -offset indent
                        \\&'literal
                        .Ed
                        end
                        """);
    }

    @Test
    void shouldPassMandocsChecks() throws Exception {
        assumeThat(MANDOC).exists();
        for (var page : ManPages.all(DATE).entrySet()) {
            Files.writeString(folder.resolve(page.getKey()), page.getValue().toString());
        }
        Process process = new ProcessBuilder("sh", "-c", MANDOC + " -Tlint -Wwarning *")
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .isEmpty();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }
}
