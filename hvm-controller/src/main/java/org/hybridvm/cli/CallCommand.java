// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;
import org.hybridvm.ipc.HrtCallException;
import org.hybridvm.ipc.HrtFunctions;

/** {@code hvm call VM FUNCTION ARGS...}: hvmd sees that the VM's window is served; the call goes through the window itself. */
final class CallCommand extends Command {
    CallCommand(Context context) {
        super(
                context,
                "call",
                "Call a function on an HRT core of a VM, through the memory that it shares with this host");
        parameter("VM", "1", "The VM.");
        rest("FUNCTION ARGS", "0..*", "The function, and at most six words: " + CallArguments.FORMS + ".");
        flag("List the functions.", "--list");
        flag("Print the window's file, which programs of your own open (docs/host-calls.md).", "--window");
        option(String.class, "NAME", "The partition whose core runs them, if none does yet.", "--partition");
        repeated("FILE", "A shared object that the VM sees; the functions that it exports are offered.", "--library");
        option(Integer.class, "SECONDS", "Stop the function after so long, 1 to 60.", "--time");
        outputOption();
        explain(
                "",
                "The result is a 64-bit word, printed as an integer; then what each buffer: holds, up to its first",
                "zero. A decimal number is passed as the bits of a double. string:, @ and buffer: are memory that",
                "host and guest share: the function gets an address and a length, two words.",
                "",
                "The first call starts hvm-serve in the VM, on a free HRT core; when no call came for 10 seconds it",
                "ends and gives the core back. It gives way to hvm run. It carries out one call at a time.",
                "Options come before the function's arguments, or anywhere if they are no numbers.");
        examples(
                "hvm call demo --list",
                "hvm call demo echo 42",
                "hvm call demo sum @numbers.bin",
                "hvm call demo hrt.info buffer:200",
                "hvm call demo --library $PWD/libsolver.so residual @mesh.dat 0.5 -o json");
    }

    @Override
    public Integer call() {
        List<String> words = rest(1);
        if (words.isEmpty() && !isSet("--list") && !isSet("--window")) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "No function")
                    .allowed("hvm call VM FUNCTION ARGS, --list, --window")
                    .hint("hvm call " + parameter(0) + " --list")
                    .build();
        }
        words.stream().filter(word -> word.startsWith("--")).findFirst().ifPresent(CallCommand::refuseOption);
        if (isSet("--window")) {
            return printWindow();
        }
        return withFunctions(words.isEmpty() || isSet("--list") ? this::list : functions -> carryOut(functions, words));
    }

    /** A server may have ended between hvmd's look and ours: once more. */
    private int withFunctions(Function<HrtFunctions, Integer> action) {
        try {
            return withServer(action);
        } catch (HrtCallException e) {
            if (e.reason() != HrtCallException.Reason.NOT_BEGUN && e.reason() != HrtCallException.Reason.NO_SERVER) {
                throw refusal(e);
            }
        }
        try {
            return withServer(action);
        } catch (HrtCallException e) {
            throw refusal(e);
        }
    }

    private int withServer(Function<HrtFunctions, Integer> action) {
        try (HrtFunctions functions = HrtFunctions.open(Path.of(server().text("window")))) {
            return action.apply(functions);
        }
    }

    private JsonObject server() {
        var request = new LinkedHashMap<String, Object>();
        request.put("partition", text("--partition"));
        request.put(
                "libraries",
                texts("--library").stream()
                        .map(file ->
                                context.directory().resolve(file).normalize().toString())
                        .toList());
        return client().post("/vms/" + Client.segment(parameter(0)) + "/window/serve", request);
    }

    private int printWindow() {
        JsonObject server = server();
        if (wantsJson()) {
            printJson(server.asMap());
        } else {
            context.out().println(server.text("window"));
        }
        return OK;
    }

    private int list(HrtFunctions functions) {
        if (wantsJson()) {
            printJson(Map.of(
                    "functions",
                    functions.functions().stream()
                            .map(one -> Map.<String, Object>of("name", one.name(), "summary", one.summary()))
                            .toList()));
            return OK;
        }
        var table = new Table("FUNCTION", "SUMMARY");
        functions.functions().forEach(one -> table.row(one.name(), one.summary()));
        context.out().print(table);
        return OK;
    }

    private int carryOut(HrtFunctions functions, List<String> words) {
        var function = functions.find(words.getFirst());
        var arguments = new CallArguments(functions, context.directory());
        words.subList(1, words.size()).forEach(arguments::add);
        if (number("--time") != null) {
            functions.timeLimit(Duration.ofSeconds(Math.max(1, number("--time"))));
        }
        long start = System.nanoTime();
        long result = functions.call(function, arguments.values());
        long nanoseconds = System.nanoTime() - start;
        if (wantsJson()) {
            printJson(facts(function.name(), result, arguments.results(), nanoseconds));
        } else {
            print(result, arguments.results());
        }
        return OK;
    }

    private static Map<String, Object> facts(String function, long result, List<byte[]> buffers, long nanoseconds) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("function", function);
        facts.put("result", result);
        facts.put("result_hex", "0x%x".formatted(result));
        double number = Double.longBitsToDouble(result);
        if (Double.isFinite(number)) {
            facts.put("result_double", number);
        }
        facts.put(
                "buffers_base64",
                buffers.stream().map(Base64.getEncoder()::encodeToString).toList());
        facts.put("elapsed_ns", nanoseconds);
        return facts;
    }

    private void print(long result, List<byte[]> buffers) {
        context.out().println(result);
        context.out().flush();
        for (byte[] buffer : buffers) {
            int end = 0;
            while (end < buffer.length && buffer[end] != 0) {
                end++;
            }
            try {
                context.stdout().write(buffer, 0, end);
                context.stdout().write("\n".getBytes(StandardCharsets.US_ASCII));
            } catch (IOException e) {
                return; // nobody reads
            }
        }
    }

    private static void refuseOption(String word) {
        throw HvmException.of(ErrorCode.INVALID_REQUEST, "No such option")
                .value(word)
                .allowed("see hvm call --help")
                .build();
    }

    private HvmException refusal(HrtCallException failure) {
        ErrorCode code = switch (failure.reason()) {
            case NO_FUNCTION -> ErrorCode.NO_SUCH_FUNCTION;
            case FAULT, TIME_LIMIT, STOPPED -> ErrorCode.CALL_FAILED;
            case BAD_ARGUMENT, HEAP_FULL -> ErrorCode.INVALID_REQUEST;
            case NO_CHANNEL -> ErrorCode.HOST_RESOURCES;
            case NO_WINDOW -> ErrorCode.HOST_PERMISSION;
            case CORRUPT -> ErrorCode.GUEST_PROTOCOL;
            case NO_SERVER, NOT_BEGUN, RESTARTED, SILENT -> ErrorCode.GUEST_LOST;
            case INTERRUPTED, CLOSED -> ErrorCode.INTERNAL;
        };
        return HvmException.of(code, failure.getMessage())
                .owner(parameter(0))
                .cause(failure)
                .build();
    }
}
