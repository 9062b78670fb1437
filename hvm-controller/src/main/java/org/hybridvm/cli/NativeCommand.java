// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;

/** {@code hvm bench native}. It needs no hvmd: it runs a program of the host. */
final class NativeCommand extends Command {
    /** System property: the program that measures, {@code shared-memory-ipc/bench}. */
    static final String PROGRAM_PROPERTY = "hvm.native-bench";

    private static final Path INSTALLED_PROGRAM = Path.of("/usr/lib/hvm/native-bench");
    private static final int BATCHES_MAX = 256;
    private static final Pattern CPUS = Pattern.compile("(\\d{1,4}),(\\d{1,4})");

    NativeCommand(Context context) {
        super(context, "native", "Measure hand-offs between two processes of this host, without a VM");
        option(String.class, "A,B", "The two host CPUs; default: the first two that hvm may use.", "--cpus");
        option(Integer.class, "N", "How many batches of each, 1 to " + BATCHES_MAX + "; default 31.", "--batches");
        outputOption();
        explain(
                "",
                "Two processes, each pinned to a CPU, hand something over and back by",
                "  slot, ring                the shared memory of this project, both sides polling",
                "  io_uring                  a NOP, and a kernel thread that polls on the other CPU (SQPOLL)",
                "  eventfd, futex, pipe      Linux's own, the other side asleep",
                "beside one bare cache line there and back. RATIO is a figure by the line's, measured by turns; a",
                "batch does not count if the line's own time changed over it, for then the host moved a CPU.",
                "Names in .32 have 32 requests on their way together and count each; ring.message is one of a",
                "stream.",
                "",
                "The same code in a VM cannot beat it. What the host refuses is named instead of measured.");
        examples("hvm bench native", "hvm bench native --cpus 2,4 -o json");
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        JsonObject answer = measure();
        if (wantsJson()) {
            printJson(answer.asMap());
        } else {
            print(answer);
        }
        return OK;
    }

    private JsonObject measure() throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command()).start();
        process.getOutputStream().close();
        byte[] output = process.getInputStream().readAllBytes();
        String errors = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        int status = process.waitFor();
        if (status != 0) {
            throw HvmException.of(ErrorCode.HOST_RESOURCES, "Nothing could be measured on this host")
                    .value("status " + status + ": " + errors)
                    .owner(program().toString())
                    .hint("hvm bench native --cpus A,B")
                    .build();
        }
        return JsonObject.parse(new String(output, StandardCharsets.UTF_8));
    }

    private List<String> command() {
        Path program = program();
        if (!Files.isExecutable(program)) {
            throw HvmException.of(ErrorCode.HOST_REQUIREMENT, "The program that measures is missing")
                    .value(program)
                    .hint("make -C shared-memory-ipc")
                    .build();
        }
        var command = new ArrayList<>(List.of(program.toString()));
        if (number("--batches") != null) {
            command.addAll(List.of("-b", batches(number("--batches"))));
        }
        if (text("--cpus") != null) {
            command.addAll(cpus(text("--cpus")));
        }
        return command;
    }

    private static String batches(int number) {
        if (number < 1 || number > BATCHES_MAX) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "So many batches cannot be measured")
                    .value(number)
                    .allowed("1 to " + BATCHES_MAX)
                    .build();
        }
        return String.valueOf(number);
    }

    private static List<String> cpus(String text) {
        var cpus = CPUS.matcher(text);
        if (!cpus.matches()) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "These are not two CPUs")
                    .value(text)
                    .allowed("two different numbers of host CPUs, such as 0,1")
                    .hint("lscpu --extended")
                    .build();
        }
        return List.of(cpus.group(1), cpus.group(2));
    }

    private static Path program() {
        String chosen = System.getProperty(PROGRAM_PROPERTY);
        return chosen == null ? INSTALLED_PROGRAM : Path.of(chosen);
    }

    private void print(JsonObject answer) {
        String cpus = Arrays.stream(answer.decimals("cpus"))
                .mapToObj(cpu -> String.valueOf((int) cpu))
                .collect(Collectors.joining(" and "));
        context.out().println("CPUs " + cpus + " of this host, no VM");
        var table = new Table("METRIC", "MEDIAN", "P10-P90", "BESIDE IT", "RATIO");
        for (JsonObject metric : answer.objects("metrics")) {
            if (metric.has("refused")) {
                table.row(metric.text("name"), null, null, null, null);
            } else {
                String unit = metric.text("unit");
                table.row(
                        metric.text("name"),
                        Figure.of(metric.decimal("value"), unit),
                        Figure.of(metric.decimal("p10"), unit) + " - " + Figure.of(metric.decimal("p90"), unit),
                        Figure.of(metric.decimal("beside_value"), unit) + " " + metric.text("beside"),
                        String.format(Locale.ROOT, "%.3f", metric.decimal("ratio")));
            }
        }
        context.out().print(table);
        for (JsonObject metric : answer.objects("metrics")) {
            metric.optionalText("refused").ifPresent(why -> context.out().println(metric.text("name") + ": " + why));
        }
    }
}
