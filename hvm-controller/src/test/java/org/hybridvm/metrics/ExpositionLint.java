// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A strict reader of Prometheus' text format: what it lets pass, Prometheus takes. Where promtool is installed it must agree.
 */
public final class ExpositionLint {
    private static final Pattern HELP = Pattern.compile("# HELP ([a-z_:][a-z0-9_:]*) (.+)");
    private static final Pattern TYPE = Pattern.compile("# TYPE ([a-z_:][a-z0-9_:]*) (counter|gauge|histogram)");
    private static final Pattern LABEL =
            Pattern.compile("([a-z_][a-z0-9_]*)=\"((?:[^\"\\\\\n]|\\\\[\\\\n\"])*)\"(?:,(?=[a-z])|$)");
    private static final Pattern SAMPLE =
            Pattern.compile("([a-z_:][a-z0-9_:]*)(?:\\{(.*)})? (-?[0-9.]+(?:E-?[0-9]+)?|NaN|[+-]Inf)");

    private final Map<String, String> types = new HashMap<>();
    private final Set<String> series = new HashSet<>();
    private final Map<String, Double> values = new HashMap<>();
    private String family = "";

    /** Fails with the line that is wrong; answers the value of each series. */
    public static Map<String, Double> check(String text) {
        assertThat(text).endsWith("\n");
        var lint = new ExpositionLint();
        text.lines().forEach(lint::line);
        checkByPromtool(text);
        return lint.values;
    }

    private void line(String line) {
        Matcher help = HELP.matcher(line);
        Matcher type = TYPE.matcher(line);
        if (help.matches()) {
            family = help.group(1);
            assertThat(types).as("told once: %s", line).doesNotContainKey(family);
        } else if (type.matches()) {
            assertThat(type.group(1)).as("type behind its help").isEqualTo(family);
            types.put(family, type.group(2));
            assertThat(family.endsWith("_total"))
                    .as(line)
                    .isEqualTo(type.group(2).equals("counter"));
        } else {
            sample(line);
        }
    }

    private void sample(String line) {
        Matcher sample = SAMPLE.matcher(line);
        assertThat(sample.matches()).as("a sample: %s", line).isTrue();
        String name = sample.group(1);
        String base = "histogram".equals(types.get(family)) ? name.replaceFirst("_(bucket|sum|count)$", "") : name;
        assertThat(base).as("in its family: %s", line).isEqualTo(family);
        String labels = sample.group(2) == null ? "" : sample.group(2);
        assertThat(LABEL.matcher(labels).replaceAll("")).as("labels: %s", line).isEmpty();
        assertThat(series.add(name + labels)).as("once: %s", line).isTrue();
        values.put(
                name + (labels.isEmpty() ? "" : "{" + labels + "}"),
                switch (sample.group(3)) {
                    case "+Inf" -> Double.POSITIVE_INFINITY;
                    case "-Inf" -> Double.NEGATIVE_INFINITY;
                    default -> Double.parseDouble(sample.group(3));
                });
    }

    private static void checkByPromtool(String text) {
        Process promtool;
        try {
            promtool = new ProcessBuilder("promtool", "check", "metrics")
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException e) {
            return; // not installed
        }
        try (var input = promtool.getOutputStream()) {
            input.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        try {
            String found = new String(promtool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(promtool.waitFor()).as(found).isZero();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
