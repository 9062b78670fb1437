// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** One manual page in mdoc(7), part by part. Text may hold anything: what mdoc would take for its own is escaped. */
final class ManPage {
    private final StringBuilder text = new StringBuilder();

    /** @param date as mdoc has it: {@code November 21, 2026} */
    ManPage(String name, int section, String date, String summary) {
        macro("\\\" SPDX-License-Identifier: Apache-2.0");
        macro("Dd " + date);
        macro("Dt " + name.toUpperCase(Locale.ROOT) + " " + section);
        macro("Os");
        section("NAME");
        macro("Nm " + name);
        macro("Nd " + escaped(summary));
    }

    ManPage section(String title) {
        return macro("Sh " + title);
    }

    ManPage macro(String words) {
        text.append('.').append(words).append('\n');
        return this;
    }

    /** Lines as a command's help has them: an empty one parts paragraphs, indented ones stand as they are. */
    ManPage text(List<String> lines) {
        boolean literal = false;
        boolean begun = false;
        for (String line : lines) {
            if (line.startsWith("  ") != literal) {
                literal = !literal;
                macro(literal ? "Bd -literal -offset indent" : "Ed");
            }
            if (!line.isBlank()) {
                lines(line, literal);
            } else if (begun && !literal) {
                macro("Pp");
            }
            begun = true;
        }
        return literal ? macro("Ed") : this;
    }

    /** Each sentence begins a line, so that the formatter knows where it may put more space. */
    private void lines(String line, boolean literal) {
        String[] lines = literal ? new String[] {line.substring(2)} : line.split("(?<=[a-zA-Z0-9)'][.?!]\\)?) +");
        for (String one : lines) {
            text.append(escaped(one)).append('\n');
        }
    }

    ManPage literal(List<String> lines) {
        return text(lines.stream().map(line -> "  " + line).toList());
    }

    ManPage beginList() {
        return macro("Bl -tag -width Ds");
    }

    ManPage item(String words, String description) {
        return macro("It " + words).text(List.of(description));
    }

    ManPage endList() {
        return macro("El");
    }

    ManPage seeAlso(List<String> names) {
        section("SEE ALSO");
        List<String> pages = names.stream()
                .sorted(Comparator.comparing((String name) -> name.substring(name.indexOf('(')))
                        .thenComparing(Comparator.naturalOrder()))
                .toList();
        for (int i = 0; i < pages.size(); i++) {
            String[] page = pages.get(i).split("[()]");
            macro("Xr " + page[0] + " " + page[1] + (i + 1 < pages.size() ? " ," : ""));
        }
        return this;
    }

    /** A word that a macro shall not take for another macro. */
    static String word(String word) {
        return "\\&" + escaped(word).replace(" ", " \\&");
    }

    private static String escaped(String line) {
        String plain = line.replace("\\", "\\e").replace("--", "\\-\\-");
        return plain.startsWith(".") || plain.startsWith("'") ? "\\&" + plain : plain;
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
