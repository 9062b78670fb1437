// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.hybridvm.metrics.Family.Type;
import org.junit.jupiter.api.Test;

class MetricsTest {
    private final Metrics metrics = new Metrics();

    @Test
    void shouldWriteAHistogramAsPrometheusReadsIt() {
        Histogram histogram = metrics.durations("hvm_request_seconds", "Requests.", "route");
        histogram.observe(700_000, "/v1/jobs");
        histogram.observe(40_000_000, "/v1/jobs");
        histogram.observe(60_000_000_000L, "/v1/jobs");
        assertThat(ExpositionLint.check(Exposition.PROMETHEUS.write(metrics.collect())))
                .containsEntry("hvm_request_seconds_bucket{route=\"/v1/jobs\",le=\"0.0005\"}", 0.0)
                .containsEntry("hvm_request_seconds_bucket{route=\"/v1/jobs\",le=\"0.001\"}", 1.0)
                .containsEntry("hvm_request_seconds_bucket{route=\"/v1/jobs\",le=\"0.05\"}", 2.0)
                .containsEntry("hvm_request_seconds_bucket{route=\"/v1/jobs\",le=\"30\"}", 2.0)
                .containsEntry("hvm_request_seconds_bucket{route=\"/v1/jobs\",le=\"+Inf\"}", 3.0)
                .containsEntry("hvm_request_seconds_count{route=\"/v1/jobs\"}", 3.0)
                .containsEntry("hvm_request_seconds_sum{route=\"/v1/jobs\"}", 60.0407);
    }

    @Test
    void shouldEscapeWhatLabelsAndHelpMayHold() {
        metrics.add(() -> List.of(new Family("hvm_odd", Type.GAUGE, "a\nb\\c").add(1, "name", "q\"\\\n")));
        String text = Exposition.PROMETHEUS.write(metrics.collect());
        assertThat(text).isEqualTo("""
                # HELP hvm_odd a\\nb\\\\c
                # TYPE hvm_odd gauge
                hvm_odd{name="q\\"\\\\\\n"} 1
                """);
        ExpositionLint.check(text);
    }

    @Test
    void shouldNameCountersWithoutTheirSuffixInOpenMetrics() {
        metrics.add(() -> List.of(new Family("hvm_calls_total", Type.COUNTER, "Calls.").add(2.5)));
        assertThat(Exposition.accepted("application/openmetrics-text; version=1.0.0")
                        .write(metrics.collect()))
                .isEqualTo("""
                        # HELP hvm_calls Calls.
                        # TYPE hvm_calls counter
                        hvm_calls_total 2.5
                        # EOF
                        """);
    }

    @Test
    void shouldKeepSoManySeriesAndCountTheRestAsOther() {
        Histogram histogram = metrics.durations("hvm_request_seconds", "Requests.", "route");
        for (int i = 0; i < 3 * Histogram.MAX_SERIES; i++) {
            histogram.observe(1, "/made-up/" + i);
        }
        var values = ExpositionLint.check(Exposition.PROMETHEUS.write(metrics.collect()));
        assertThat(values).containsEntry("hvm_request_seconds_count{route=\"other\"}", 2.0 * Histogram.MAX_SERIES);
        assertThat(values.keySet().stream().filter(name -> name.contains("_count")))
                .hasSize(Histogram.MAX_SERIES + 1);
    }

    @Test
    void shouldLeaveOutASourceThatFails() {
        metrics.add(() -> {
            throw new IllegalStateException("libvirt is gone");
        });
        metrics.add(() -> List.of(new Family("hvm_ready", Type.GAUGE, "Ready.").add(0)));
        assertThat(Exposition.PROMETHEUS.write(metrics.collect())).endsWith("hvm_ready 0\n");
    }

    @Test
    void shouldRefuseNamesAgainstPrometheusConventions() {
        assertThatThrownBy(() -> new Family("hvm_calls", Type.COUNTER, ""))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Family("hvm_calls_total", Type.GAUGE, ""))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
