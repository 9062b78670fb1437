// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;

/** {@code hvm dump [NUMBER]}. */
final class DumpCommand extends Command {
    private static final int LOG_LINES = 25;

    DumpCommand(Context context) {
        super(context, "dump", "Show what was kept of HRT partitions that hung or failed");
        parameter("NUMBER", "0..1", "One of them; without it, all are listed.");
        option(String.class, "FILE", "Print one of its texts as it is: hrt.log, qemu-registers.txt, ...", "--file");
        outputOption();
        examples(
                "hvm dump                      all that are kept",
                "hvm dump 3                    registers, backtraces, threads, the end of the HRT's log",
                "hvm dump 3 --file hrt.log     all of the log");
    }

    @Override
    public Integer call() {
        if (parameter(0) == null) {
            return list();
        }
        JsonObject dump = client().get("/dumps/" + Client.segment(parameter(0)));
        if (text("--file") != null) {
            context.out().print(file(dump, text("--file")));
        } else if (wantsJson()) {
            printJson(dump.asMap());
        } else {
            show(dump);
        }
        return OK;
    }

    private Integer list() {
        JsonObject answer = client().get("/dumps");
        if (wantsJson()) {
            printJson(answer.asMap());
            return OK;
        }
        var table = new Table("DUMP", "TIME", "PARTITION", "STATE", "JOBS");
        for (JsonObject dump : answer.objects("dumps")) {
            table.row(
                    dump.number("dump"),
                    dump.text("time"),
                    dump.text("vm") + "/" + dump.text("partition"),
                    dump.text("state"),
                    numbers(dump, "jobs"));
        }
        context.out().print(table);
        return OK;
    }

    private static String file(JsonObject dump, String name) {
        Map<String, Object> files = dump.object("files").asMap();
        if (!files.containsKey(name)) {
            throw HvmException.of(ErrorCode.NO_SUCH_LOG, "The dump has no such text")
                    .value(name)
                    .allowed(String.join(", ", files.keySet()))
                    .build();
        }
        return files.get(name).toString();
    }

    private void show(JsonObject dump) {
        line("dump %d: %s/%s was %s at %s; jobs: %s"
                .formatted(
                        dump.number("dump"),
                        dump.text("vm"),
                        dump.text("partition"),
                        dump.text("state"),
                        dump.text("time"),
                        numbers(dump, "jobs")));
        list(dump, "missing").forEach(gap -> line("missing: " + gap));
        objects(dump, "cores").forEach(this::showCore);
        objects(dump, "threads").forEach(this::showThread);
        Map<String, Object> files = dump.object("files").asMap();
        if (files.get("hrt.log") instanceof String log) {
            line("the end of hrt.log:");
            List<String> lines = log.lines().toList();
            lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size()).forEach(each -> line("  " + each));
        }
        line("texts (--file): " + String.join(", ", files.keySet()));
    }

    private void showCore(JsonObject core) {
        line("core %d (vCPU %d): %s%s"
                .formatted(
                        core.number("core"),
                        core.number("vcpu"),
                        core.text("state"),
                        core.has("registers") ? "" : ", no last words"));
        if (core.has("registers")) {
            var words = new ArrayList<String>();
            core.object("registers").asMap().forEach((name, value) -> words.add(name + " " + value));
            for (int i = 0; i < words.size(); i += 4) {
                line("  " + String.join("  ", words.subList(i, Math.min(i + 4, words.size()))));
            }
        }
        list(core, "kernel_trace").forEach(frame -> line("  kernel   " + frame));
        list(core, "program_trace").forEach(frame -> line("  program  " + frame));
    }

    private void showThread(JsonObject thread) {
        line("thread %d of process %d on core %d: %s %s%s"
                .formatted(
                        thread.number("thread"),
                        thread.number("process"),
                        thread.number("core"),
                        thread.has("system_call") ? "last system call" : "last request",
                        thread.asMap().get(thread.has("system_call") ? "system_call" : "request"),
                        thread.flag("waiting") ? ", not answered" : ""));
    }

    private void line(String text) {
        context.out().println(text);
    }

    private static List<JsonObject> objects(JsonObject object, String field) {
        return object.has(field) ? object.objects(field) : List.of();
    }

    private static List<String> list(JsonObject object, String field) {
        return object.has(field) ? object.texts(field) : List.of();
    }

    private static String numbers(JsonObject dump, String field) {
        List<String> numbers = dump.asMap().get(field) instanceof List<?> list
                ? list.stream().map(String::valueOf).toList()
                : List.of();
        return numbers.isEmpty() ? "-" : String.join(" ", numbers);
    }
}
