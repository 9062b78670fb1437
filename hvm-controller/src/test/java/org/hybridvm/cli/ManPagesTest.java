// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.hybridvm.Home;
import org.hybridvm.JsonObject;
import org.hybridvm.config.ConfigurationReader;
import org.hybridvm.layout.LayoutReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

class ManPagesTest {
    private static final Instant DATE = Instant.parse("2026-01-31T12:00:00Z");
    private static final Path MANDOC = Path.of("/usr/bin/mandoc");
    private static final Path GROFF = Path.of("/usr/bin/groff");

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

    @ParameterizedTest
    @CsvSource({
        "hvm.layout.5, /org/hybridvm/layout/layout.schema.json",
        "hvmd.yaml.5, /org/hybridvm/config/hvmd.schema.json"
    })
    void shouldTellEveryFieldOfASchemaAndWhatItIs(String name, String schema) throws IOException {
        String page = ManPages.all(DATE).get(name).toString();
        try (var stream = ManPages.class.getResourceAsStream(schema)) {
            JsonObject all = JsonObject.parse(new String(stream.readAllBytes(), StandardCharsets.UTF_8));
            assertThat(fieldsIn(all))
                    .hasSizeGreaterThan(20)
                    .allSatisfy(field -> assertThat(page).contains(field));
        }
    }

    @Test
    void shouldTellLimitsAndDefaultsOfFields() throws IOException {
        assertThat(ManPages.all(DATE).get("hvm.layout.5").toString())
                .contains("At least 512MiB.\nA multiple of 2MiB.\nDefault: 2GiB\n");
        assertThat(ManPages.all(DATE).get("hvmd.yaml.5").toString())
                .contains("At least 64KiB.\nAt most 64MiB.\nDefault: 4MiB\n")
                .contains("One of text, json.\nDefault: text\n")
                .contains(".It Va NAME\n");
    }

    /** As a page has them: names and descriptions from everywhere in the schema. */
    private static List<String> fieldsIn(JsonObject schema) {
        var fields = new ArrayList<String>();
        schema.asMap().forEach((name, value) -> {
            if (value instanceof Map<?, ?>) {
                JsonObject part = JsonObject.of(value);
                fields.addAll(fieldsIn(part));
                if (name.equals("properties")) {
                    part.asMap().forEach((field, facts) -> fields.add(item(field, JsonObject.of(facts))));
                }
            } else if (value instanceof List<?> list) {
                list.stream().filter(Map.class::isInstance).forEach(one -> fields.addAll(fieldsIn(JsonObject.of(one))));
            }
        });
        return fields;
    }

    private static String item(String field, JsonObject facts) {
        String empty = new ManPage("x", 5, "", "").toString();
        return new ManPage("x", 5, "", "")
                .item("Va " + field, facts.text("description"))
                .toString()
                .substring(empty.length());
    }

    @Test
    void shouldShowExamplesThatAreRight() throws IOException {
        new LayoutReader("layout.yaml", folder).readAll(LayoutPage.EXAMPLE);
        Home home = new Home(folder, folder.resolve("run"));
        Files.writeString(home.configuration(), ConfigurationPage.EXAMPLE.replace("group: hvm", "group: daemon"));
        Files.setPosixFilePermissions(home.configuration(), PosixFilePermissions.fromString("rw-r--r--"));
        new ConfigurationReader(home).read();
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
        assertThat(complaints(MANDOC + " -Tlint -Wwarning *")).isEmpty();
    }

    @Test
    void shouldBeFormattedWithoutAWarning() throws Exception {
        assumeThat(GROFF).exists();
        assertThat(complaints(GROFF + " -mandoc -ww -Tutf8 -z *")).isEmpty();
    }

    /** What the command says in a folder with all pages. */
    private String complaints(String command) throws Exception {
        for (var page : ManPages.all(DATE).entrySet()) {
            Files.writeString(folder.resolve(page.getKey()), page.getValue().toString());
        }
        Process process = new ProcessBuilder("sh", "-c", command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return said;
    }
}
