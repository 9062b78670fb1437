// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.util.ArrayList;
import java.util.List;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;

/**
 * The option lines at the head of a batch script, as sbatch(1) reads them: {@code #HVM} and {@code #SBATCH} alike, up to
 * the first line that is neither blank nor a comment.
 *
 * @param interpreter the words after {@code #!}
 * @param settings the options in their order
 */
public record BatchScript(List<String> interpreter, List<Setting> settings) {
    private static final List<String> MARKS = List.of("#HVM ", "#SBATCH ", "#HVM\t", "#SBATCH\t");

    /** @param where {@code FILE:LINE}, for messages */
    public record Setting(String name, String value, String where) {}

    /** @throws HvmException that names file and line of what cannot be read */
    public static BatchScript parse(String file, String text) {
        requireText(file, text);
        List<String> lines = text.lines().toList();
        if (lines.isEmpty() || !lines.getFirst().startsWith("#!")) {
            throw refuse(
                            file + ":1",
                            "A batch script begins with its interpreter",
                            lines.isEmpty() ? "" : lines.getFirst())
                    .allowed("#!/bin/sh and the like")
                    .build();
        }
        var settings = new ArrayList<Setting>();
        for (int at = 1; at < lines.size(); at++) {
            String line = lines.get(at);
            if (MARKS.stream().anyMatch(line::startsWith)) {
                settings(
                        line.substring(line.indexOf(line.startsWith("#HVM") ? 'M' : 'H') + 1),
                        file + ":" + (at + 1),
                        settings);
            } else if (!line.isBlank() && !line.startsWith("#")) {
                break;
            }
        }
        return new BatchScript(words(lines.getFirst().substring(2), file + ":1"), settings);
    }

    /** As sbatch does: an interpreter would stumble over either much later. */
    private static void requireText(String file, String text) {
        if (text.indexOf('\0') >= 0) {
            throw refuse(lineOf(file, text, text.indexOf('\0')), "A batch script is text", "a character NUL")
                    .build();
        }
        if (text.contains("\r\n")) {
            throw refuse(lineOf(file, text, text.indexOf("\r\n")), "The batch script has DOS line ends", "CR LF")
                    .allowed("LF")
                    .hint("sed -i 's/\\r$//' " + file)
                    .build();
        }
    }

    private static String lineOf(String file, String text, int at) {
        return file + ":"
                + (1 + text.substring(0, at).chars().filter(c -> c == '\n').count());
    }

    private static void settings(String line, String where, List<Setting> settings) {
        List<String> words = words(line, where);
        for (int at = 0; at < words.size(); at++) {
            String word = words.get(at);
            String name = word;
            String value = null;
            int equals = word.indexOf('=');
            if (word.startsWith("--") && equals > 0) {
                name = word.substring(0, equals);
                value = word.substring(equals + 1);
            } else if (word.startsWith("-") && !word.startsWith("--") && word.length() > 2) {
                name = word.substring(0, 2);
                value = word.substring(2);
            } else if (!word.startsWith("-") || word.length() < 2) {
                throw refuse(where, "No option", word).allowed("--NAME=VALUE").build();
            }
            if (value == null && BatchOptions.takesValue(name)) {
                if (at + 1 == words.size()) {
                    throw refuse(where, "The option lacks its value", word).build();
                }
                value = words.get(++at);
            }
            settings.add(new Setting(name, value, where));
        }
    }

    /** Words with quotes as a shell has them; {@code #} begins a comment. */
    private static List<String> words(String line, String where) {
        var words = new ArrayList<String>();
        StringBuilder word = null;
        char quote = 0;
        for (char c : line.toCharArray()) {
            if (quote != 0) {
                if (c == quote) {
                    quote = 0;
                } else {
                    word.append(c);
                }
            } else if (c == '\'' || c == '"') {
                quote = c;
                word = word == null ? new StringBuilder() : word;
            } else if (Character.isWhitespace(c)) {
                if (word != null) {
                    words.add(word.toString());
                    word = null;
                }
            } else if (c == '#' && word == null) {
                break;
            } else {
                word = (word == null ? new StringBuilder() : word).append(c);
            }
        }
        if (quote != 0) {
            throw refuse(where, "A quote is not closed", line.strip()).build();
        }
        if (word != null) {
            words.add(word.toString());
        }
        return words;
    }

    static HvmException.Builder refuse(String where, String what, String value) {
        return HvmException.of(ErrorCode.INVALID_REQUEST, where + ": " + what).value(value);
    }
}
