// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.hybridvm.JsonObject;

/** {@code hvm bench [VM]}; {@code noise} below it is a {@link NoiseCommand}, {@code native} a {@link NativeCommand}. */
final class BenchCommand extends Command {
    /** What the ratio of a metric to the thing beside it must not exceed. */
    private static final Map<String, Double> TARGETS = Map.ofEntries(
            Map.entry("hrt.boot.first_instruction", 0.02),
            Map.entry("hrt.boot.ready", 0.10),
            Map.entry("call.sync", 1.0),
            Map.entry("call.sync.line", 1.5),
            Map.entry("call.async", 0.5),
            Map.entry("syscall.local", 0.5),
            Map.entry("syscall.forwarded.polling", 1.3),
            Map.entry("syscall.forwarded.asleep", 1.0),
            Map.entry("thread.create_join", 0.1),
            Map.entry("thread.switch", 0.1),
            Map.entry("event.wake", 0.1),
            Map.entry("mutex.handoff", 0.1),
            Map.entry("barrier", 0.1),
            Map.entry("openmp.region", 1.0),
            Map.entry("openmp.step", 1.0));

    BenchCommand(Context context) {
        super(context, "bench", "Measure the HRT and Linux side by side, inside one VM");
        parameter("VM", "0..1", "The VM; may be left out if only one is up. If none is, the default VM is launched.");
        outputOption();
        explain(
                "",
                "Every figure is a median, P10-P90 its spread; RATIO is the figure by the one beside it, measured in",
                "the same run.",
                "What counts is the ratio: absolute times differ with the machine and, without KVM, mean little.");
        examples("hvm bench", "hvm bench demo -o json", "hvm bench noise --help", "hvm bench native");
        subcommand(new NoiseCommand(context));
        subcommand(new NativeCommand(context));
    }

    @Override
    public Integer call() {
        Client client = client();
        var request = new LinkedHashMap<String, Object>();
        request.put("vm", parameter(0));
        RunCommand.requireVm(context, client, parameter(0));
        JsonObject answer = measure(client, request);
        if (wantsJson()) {
            printJson(withTargets(answer));
        } else {
            print(answer);
        }
        return OK;
    }

    private JsonObject measure(Client client, Map<String, Object> request) {
        try (ProgressBar bar = ProgressBar.of(context, context.err(), "bench")) {
            long start = System.nanoTime();
            bar.begin("measuring");
            JsonObject answer = client.post("/bench", request);
            bar.end("measuring", (System.nanoTime() - start) / 1_000_000);
            return answer;
        }
    }

    private static Map<String, Object> withTargets(JsonObject answer) {
        var metrics = new ArrayList<Map<String, Object>>();
        for (JsonObject metric : answer.objects("metrics")) {
            var judged = new LinkedHashMap<>(metric.asMap());
            Double target = TARGETS.get(metric.text("name"));
            if (target != null && metric.has("ratio")) {
                judged.put("target", target);
                judged.put("met", metric.optionalDecimal("ratio").orElseThrow() <= target);
            }
            metrics.add(judged);
        }
        var all = new LinkedHashMap<>(answer.asMap());
        all.put("metrics", metrics);
        return all;
    }

    private void print(JsonObject answer) {
        context.out()
                .println("VM %s, acceleration %s".formatted(answer.text("vm"), answer.text("acceleration", "unknown")));
        var table = new Table("METRIC", "MEDIAN", "P10-P90", "BESIDE IT", "RATIO", "TARGET", "MET");
        for (JsonObject metric : answer.objects("metrics")) {
            String unit = metric.text("unit", "");
            Double target = TARGETS.get(metric.text("name"));
            Double ratio = metric.optionalDecimal("ratio").orElse(null);
            table.row(
                    metric.text("name"),
                    figure(metric, "value", unit),
                    metric.has("p10") ? figure(metric, "p10", unit) + " - " + figure(metric, "p90", unit) : null,
                    metric.has("beside") ? figure(metric, "beside_value", unit) + " " + metric.text("beside") : null,
                    ratio == null ? null : String.format(Locale.ROOT, "%.3f", ratio),
                    target == null ? null : "<= " + target,
                    target == null || ratio == null ? null : ratio <= target ? "yes" : "no");
        }
        context.out().print(table);
    }

    private static String figure(JsonObject metric, String field, String unit) {
        return metric.optionalDecimal(field)
                .map(value -> Figure.of(value, unit))
                .orElse("-");
    }
}
