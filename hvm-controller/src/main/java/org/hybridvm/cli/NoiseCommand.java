// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;

/** {@code hvm bench noise [VM]}. */
final class NoiseCommand extends Command {
    private static final int SECONDS = 10;
    private static final String PLOT = "noise.svg";
    private static final Set<String> SERIES = Set.of("samples_ns", "at_us", "length_ns");

    NoiseCommand(Context context) {
        super(context, "noise", "Measure what a program does not get of its core: on an HRT core and on a Linux core");
        parameter("VM", "0..1", "The VM; may be left out if only one is up. If none is, the default VM is launched.");
        option(
                Integer.class,
                "N",
                "How long each of the two measures runs, 1 to 30; default " + SECONDS + ".",
                "--seconds");
        option(String.class, "FILE", "Where the plot (SVG) goes; default " + PLOT + " in this folder.", "--plot");
        flag("With -o json: every single value too, not only the figures.", "--samples");
        outputOption();
        explain(
                "",
                "Two measures, both on an HRT core and a Linux core of the VM at the same time:",
                "  quantum   1 ms of arithmetic in registers, timed again and again (fixed work quantum, FWQ)",
                "  detours   a loop that only reads the clock; gaps above 1 us were taken by somebody else",
                "",
                "Both cores run the same code of the same program, hvm-bench. Nothing else is started, so on the",
                "Linux core its competitors are the kernel itself (tick, timers, writeback), the agent, and the",
                "devices' interrupts; the HRT core takes its interrupts as ever, it just gets none. What the host",
                "takes from a vCPU is in both figures: it has other work, and without KVM QEMU's own threads.",
                "",
                "SPREAD is (longest - shortest) / shortest quantum. LOST is the share of all time in detours.",
                "INTERRUPTS are counted by the kernel of each core, during both measures.");
        examples("hvm bench noise", "hvm bench noise demo --seconds 2 --plot /tmp/quiet.svg -o json");
    }

    @Override
    public Integer call() {
        Path plot = plotFile();
        Client client = client();
        RunCommand.requireVm(context, client, parameter(0));
        var request = new LinkedHashMap<String, Object>();
        request.put("vm", parameter(0));
        request.put("seconds", number("--seconds") == null ? SECONDS : number("--seconds"));
        JsonObject answer = client.post("/bench/noise", request);
        write(plot, NoisePlot.of(answer));
        if (wantsJson()) {
            var facts = new LinkedHashMap<>(isSet("--samples") ? answer.asMap() : withoutSeries(answer.asMap()));
            facts.put("plot", plot.toString());
            printJson(facts);
        } else {
            print(answer, plot);
        }
        return OK;
    }

    private void print(JsonObject answer, Path plot) {
        context.out()
                .println("VM %s, acceleration %s, %d s each, both cores at the same time"
                        .formatted(
                                answer.text("vm"), answer.text("acceleration", "unknown"), answer.number("seconds")));
        var table = new Table("CORE", "QUANTUM", "P99", "MAX", "SPREAD", "DETOURS", "LONGEST", "LOST", "INTERRUPTS");
        for (JsonObject core : answer.objects("cores")) {
            JsonObject quantum = core.object("fwq");
            JsonObject detours = core.object("detours");
            table.row(
                    core.text("partition") + ", CPU " + core.number("cpu"),
                    Figure.time(quantum.decimal("median_ns")),
                    Figure.time(quantum.decimal("p99_ns")),
                    Figure.time(quantum.decimal("max_ns")),
                    Figure.percent(quantum.decimal("spread")),
                    detours.number("count"),
                    Figure.time(detours.decimal("max_ns")),
                    Figure.percent(detours.decimal("lost")),
                    core.number("interrupts"));
        }
        context.out().print(table);
        context.out().println("Plot: " + plot);
    }

    /** Asked before the measurement, which takes its time. */
    private Path plotFile() {
        Path file = context.directory().resolve(text("--plot") == null ? PLOT : text("--plot"));
        Path folder = file.getParent();
        if (Files.isDirectory(file) || folder == null || !Files.isWritable(Files.exists(file) ? file : folder)) {
            throw unwritable(file, null);
        }
        return file;
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    private static HvmException unwritable(Path file, IOException cause) {
        return HvmException.of(ErrorCode.INVALID_REQUEST, "The plot cannot be written")
                .value(file)
                .allowed("a file in a folder that you may write to")
                .hint("hvm bench noise --plot FILE")
                .cause(cause)
                .build();
    }

    private static Map<String, Object> withoutSeries(Map<?, ?> object) {
        var rest = new LinkedHashMap<String, Object>();
        object.forEach((name, value) -> {
            if (!SERIES.contains(name)) {
                rest.put(name.toString(), without(value));
            }
        });
        return rest;
    }

    private static Object without(Object value) {
        return switch (value) {
            case Map<?, ?> object -> withoutSeries(object);
            case List<?> list -> list.stream().map(NoiseCommand::without).toList();
            case null, default -> value;
        };
    }
}
