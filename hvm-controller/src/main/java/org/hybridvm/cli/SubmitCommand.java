// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;

/** {@code hvm submit SCRIPT|-- PROGRAM ARGS...}. */
final class SubmitCommand extends Command {
    /** Options that are sbatch(1)'s own and have a value; hvmd reads them. */
    private static final List<String> VALUES = List.of(
            "--job-name",
            "--output",
            "--error",
            "--input",
            "--time",
            "--cpus-per-task",
            "--ntasks",
            "--nodes",
            "--array",
            "--dependency",
            "--begin",
            "--signal",
            "--priority",
            "--nice",
            "--open-mode",
            "--chdir",
            "--vm",
            "--partition",
            "--mem",
            "--mail-type",
            "--mail-user",
            "--account");

    private static final long LOOK_MILLIS = 200;

    SubmitCommand(Context context) {
        super(context, "submit", "Put a batch script or a program into the queue");
        option(String.class, "NAME", "Its name; default: the script's or program's.", "-J", "--job-name");
        option(
                String.class,
                "FILE",
                "Standard output; %%j job, %%x name, %%A array, %%a task. Default: hvm-%%j.out.",
                "-o",
                "--output");
        option(String.class, "FILE", "Standard error; default: where the output goes.", "-e", "--error");
        option(String.class, "FILE", "Standard input; default: nothing.", "-i", "--input");
        option(String.class, "LIMIT", "Time limit: MINUTES, M:S, H:M:S, D-H[:M[:S]].", "-t", "--time");
        option(String.class, "N", "HRT cores of the job; default 1.", "-c", "--cpus-per-task", "--cores");
        option(String.class, "N", "Tasks; multiplies the cores.", "-n", "--ntasks");
        option(String.class, "1", "A job has the cores of one VM.", "-N", "--nodes");
        option(String.class, "LIST", "An array of jobs: 0-9, 1,3,5, 0-99:10, 0-9%%2 (two at a time).", "-a", "--array");
        option(
                String.class,
                "LIST",
                "Wait for others: after, afterok, afterany, afternotok:JOB[:JOB...], or singleton.",
                "-d",
                "--dependency");
        option(String.class, "TIME", "Not before: now+1hour, 16:00, 2026-01-31T12:00.", "-b", "--begin");
        option(String.class, "SIGNAL[@S]", "Send it S seconds (default 60) before the time limit.", "--signal");
        option(String.class, "N", "Higher starts earlier; default 0.", "--priority");
        option(String.class, "N", "The same, lower.", "--nice");
        option(String.class, "SIZE", "Memory limit of its processes: 512M, 2G; without a unit MiB.", "--mem");
        option(String.class, "MODE", "Of output files: truncate (default) or append.", "--open-mode");
        option(String.class, "FOLDER", "Working directory; default: this one.", "-D", "--chdir");
        option(String.class, "VM", "The VM; may be left out if only one is up.", "--vm");
        option(String.class, "NAME", "The partition; default: the first HRT partition.", "-p", "--partition");
        option(String.class, "TYPE", "Ignored.", "--mail-type");
        option(String.class, "USER", "Ignored.", "--mail-user");
        option(String.class, "NAME", "Ignored.", "-A", "--account");
        flag("Hold it: it waits until hvm release.", "-H", "--hold");
        flag("Run it in the Linux partition; with --cores its srun has HRT cores.", "--linux");
        flag("Wait for its end; the exit status is the job's.", "-W", "--wait");
        flag("Print the number alone.", "--parsable");
        flag("Check it, and keep nothing.", "--test-only");
        rest("SCRIPT|-- PROGRAM [ARGS...]", "1..*", "A batch script and its arguments, or after -- a program.");
        explain(
                "",
                "A script begins with its interpreter (#!/bin/sh); lines #HVM or #SBATCH at its head have the same",
                "options as here, which win. Its text is taken now. The shell and what it starts run on the job's HRT",
                "cores; with --linux in the Linux partition. The number is printed once the job is on disk: it",
                "outlives hvmd, and is never begun twice. If the VM or hvmd goes away under it, it ends as NODE_FAIL.",
                "",
                "Passed from your environment: as with hvm run. Set: HVM_JOB_ID, HVM_JOB_NAME, HVM_CPUS_PER_TASK,",
                "HVM_ARRAY_JOB_ID, HVM_ARRAY_TASK_ID, HVM_SUBMIT_DIR, HVM_RESTART_COUNT, and the same as SLURM_*.",
                "In a script, srun PROGRAM runs on the job's HRT cores; its exit status is the program's. With -Q it reports",
                "errors only.");
        examples(
                "hvm submit job.sh",
                "hvm submit -t 10 -c 2 -o result.%%j -- ./solver mesh.dat",
                "hvm submit --array 0-9%%2 sweep.sh",
                "hvm submit --dependency afterok:17 --parsable collect.sh");
    }

    @Override
    public Integer call() {
        Client client = client();
        RunCommand.requireVm(context, client, text("--vm"));
        JsonObject answer = client.postOnce("/jobs", request());
        answer.texts("warnings").forEach(warning -> context.err().println("hvm: " + warning));
        if (isSet("--test-only")) {
            context.out().println("The job would be taken");
            return OK;
        }
        long job = answer.number("job");
        context.out().println(isSet("--parsable") ? String.valueOf(job) : "Submitted job " + job);
        return isSet("--wait") ? await(client, job, answer.number("tasks")) : OK;
    }

    private Map<String, Object> request() {
        List<String> words = rest(0);
        var request = new LinkedHashMap<String, Object>();
        if (!isProgram(words)) {
            request.put("script", script(words.getFirst()));
        }
        request.put("program", words.getFirst());
        request.put("arguments", words.subList(1, words.size()));
        request.put("directory", context.directory());
        request.put("environment", RunCommand.environment(context.environment(), false));
        request.put("search_path", context.environment().getOrDefault("PATH", ""));
        request.put("options", options());
        request.put("test_only", isSet("--test-only"));
        return request;
    }

    private Map<String, String> options() {
        var options = new LinkedHashMap<String, String>();
        for (String name : VALUES) {
            if (text(name) != null) {
                options.put(name, text(name));
            }
        }
        for (String name : List.of("--hold", "--linux")) {
            if (isSet(name)) {
                options.put(name, "");
            }
        }
        return options;
    }

    /** A program follows {@code --}. */
    private boolean isProgram(List<String> words) {
        List<String> typed = spec().commandLine().getParseResult().originalArgs();
        int before = typed.size() - words.size() - 1;
        return before >= 0 && typed.get(before).equals("--");
    }

    private String script(String name) {
        Path file = context.directory().resolve(name);
        try {
            return Files.readString(file);
        } catch (IOException e) {
            byte[] head = head(file);
            throw HvmException.of(ErrorCode.PROGRAM_NOT_FOUND, "The batch script cannot be read")
                    .value(name + " (" + e.getMessage() + ")")
                    .allowed("a text file in UTF-8")
                    .hint(head.length == 4 && head[1] == 'E' ? "hvm submit -- " + name : null)
                    .cause(e)
                    .build();
        }
    }

    private static byte[] head(Path file) {
        try (var stream = Files.newInputStream(file)) {
            return stream.readNBytes(4);
        } catch (IOException e) {
            return "".getBytes(StandardCharsets.UTF_8);
        }
    }

    /** The highest exit status of its tasks, as sbatch has it. */
    private int await(Client client, long first, long tasks) {
        int status = 0;
        for (long job = first; job < first + tasks; job++) {
            JsonObject facts = client.get("/jobs/" + job);
            while (!facts.has("exit_code")) {
                try {
                    Thread.sleep(LOOK_MILLIS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return REFUSED;
                }
                facts = client.get("/jobs/" + job);
            }
            status = Math.max(status, status(context, facts));
        }
        return status;
    }

    /** The job's, never that of a success if it was none. */
    static int status(Context context, JsonObject facts) {
        long signal = facts.number("signal");
        int status = (int) (signal > 0 ? 128 + signal : facts.number("exit_code"));
        String state = facts.text("state");
        if (!state.equals("COMPLETED")) {
            context.err()
                    .println("hvm: job " + facts.number("job") + " ended as " + state
                            + facts.optionalText("reason")
                                    .map(reason -> ": " + reason)
                                    .orElse(""));
        }
        return state.equals("COMPLETED") ? 0 : Math.max(1, status);
    }
}
