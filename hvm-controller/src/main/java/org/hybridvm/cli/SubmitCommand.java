// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.hybridvm.JsonObject;
import org.hybridvm.job.BatchScript;
import picocli.CommandLine;

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

    private static final String WHAT = "SCRIPT|-- PROGRAM [ARGS...]";
    private static final long LOOK_MILLIS = 200;

    /** Slurm's words without a meaning here that have a value; hvmd says so. */
    private static final List<String> IGNORED_VALUES =
            List.of("--qos", "--comment", "--constraint", "--ntasks-per-node", "--mem-per-cpu", "--gres", "--licenses");

    private static final List<String> IGNORED_FLAGS =
            List.of("--exclusive", "--requeue", "--no-requeue", "--get-user-env");

    /** Whether what is left out is as with sbatch: script, output, variables. */
    private final boolean slurm;

    SubmitCommand(Context context) {
        this(context, false);
    }

    /** {@code sbatch}, by Slurm's defaults. */
    static SubmitCommand sbatch(Context context) {
        return new SubmitCommand(context, true);
    }

    private SubmitCommand(Context context, boolean slurm) {
        super(context, slurm ? "sbatch" : "submit", "Put a batch script or a program into the queue");
        this.slurm = slurm;
        option(String.class, "NAME", "Its name; default: the script's or program's.", "-J", "--job-name");
        option(
                String.class,
                "FILE",
                "Standard output; %%j job, %%x name, %%A array, %%a task, %%u user. Default: "
                        + (slurm ? "slurm" : "hvm") + "-%%j.out.",
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
        option(
                String.class,
                "LIST",
                "Your variables it gets: ALL" + (slurm ? " (the default)" : "")
                        + ", NONE, or NAME[=VALUE],...; ALL may be one.",
                "--export");
        option(String.class, "COMMAND", "Instead of a script: a shell's command line.", "--wrap");
        option(String.class, "TYPE", "Ignored.", "--mail-type");
        option(String.class, "USER", "Ignored.", "--mail-user");
        option(String.class, "NAME", "Ignored.", "-A", "--account");
        flag("Hold it: it waits until hvm release.", "-H", "--hold");
        flag("Run it in the Linux partition; with --cores its srun has HRT cores.", "--linux");
        flag("Wait for its end; the exit status is the job's.", "-W", "--wait");
        flag("Print the number alone.", "--parsable");
        flag("Check it, and keep nothing.", "--test-only");
        rest(
                WHAT,
                "0..*",
                "A batch script and its arguments, or after -- a program. -: the script is standard input"
                        + (slurm ? ", as without." : "."));
        if (slurm) {
            option(String.class, "NODE", "The VM.", "-w", "--nodelist");
            IGNORED_VALUES.forEach(name -> option(String.class, "VALUE", "Ignored.", name));
            IGNORED_FLAGS.forEach(name -> flag("Ignored.", name));
        }
        explain(
                "",
                "A script begins with its interpreter (#!/bin/sh); lines #HVM or #SBATCH at its head have the same",
                "options as here, which win. Its text is taken now. The shell and what it starts run on the job's HRT",
                "cores; with --linux in the Linux partition. The number is printed once the job is on disk: it",
                "outlives hvmd, and is never begun twice. If the VM or hvmd goes away under it, it ends as NODE_FAIL.",
                "",
                "Passed from your environment: " + (slurm ? "all" : "as with hvm run")
                        + ", or what --export says. Set: HVM_JOB_ID, HVM_JOB_NAME, HVM_CPUS_PER_TASK,",
                "HVM_ARRAY_JOB_ID, HVM_ARRAY_TASK_ID, HVM_ARRAY_TASK_COUNT, _MIN and _MAX, HVM_SUBMIT_DIR,",
                "HVM_RESTART_COUNT, and the same as SLURM_*.",
                "In a script, srun PROGRAM runs on the job's HRT cores; its exit status is the program's. With -Q it reports",
                "errors only.");
        String called = slurm ? "sbatch" : "hvm submit";
        examples(
                called + " job.sh",
                called + " -t 10 -c 2 -o result.%%j -- ./solver mesh.dat",
                called + " --array 0-9%%2 sweep.sh",
                called + " --wrap 'sort < words | head'",
                called + " --dependency afterok:17 --parsable collect.sh");
    }

    @Override
    public Integer call() {
        Map<String, Object> request = request();
        Client client = client();
        RunCommand.requireVm(context, client, text("--vm"));
        JsonObject answer = client.postOnce("/jobs", request);
        answer.texts("warnings").forEach(warning -> context.err().println("hvm: " + warning));
        if (isSet("--test-only")) {
            context.out().println("The job would be taken");
            return OK;
        }
        long job = answer.number("job");
        context.out()
                .println(
                        isSet("--parsable")
                                ? String.valueOf(job)
                                : (slurm ? "Submitted batch job " : "Submitted job ") + job);
        return isSet("--wait") ? await(client, job, answer.number("tasks")) : OK;
    }

    private Map<String, Object> request() {
        List<String> words = words();
        List<BatchScript.Setting> said = List.of();
        var request = new LinkedHashMap<String, Object>();
        if (text("--wrap") != null || !isProgram(words)) {
            String script = text("--wrap") == null
                    ? new ScriptSource(context).read(words.getFirst())
                    : ScriptSource.wrap(text("--wrap"));
            words = words.getFirst().equals("-") ? renamed(words) : words;
            said = BatchScript.parse(words.getFirst(), script).settings();
            request.put("script", script);
        }
        request.put("program", words.getFirst());
        request.put("arguments", words.subList(1, words.size()));
        request.put("directory", context.directory());
        request.put("environment", Exports.of(exports(said), context.environment()));
        request.put("search_path", context.environment().getOrDefault("PATH", ""));
        request.put("options", options(said));
        request.put("test_only", isSet("--test-only"));
        return request;
    }

    /** The script's name and arguments, or the program's; a script without a name has Slurm's for it. */
    private List<String> words() {
        List<String> words = rest(0);
        if (text("--wrap") != null) {
            if (!words.isEmpty()) {
                throw usage("--wrap and a script exclude each other: '" + words.getFirst() + "'");
            }
            return List.of("wrap");
        }
        if (words.isEmpty() && !slurm) {
            throw usage("Missing required parameter: '" + WHAT + "'");
        }
        return words.isEmpty() ? List.of("-") : words;
    }

    private CommandLine.ParameterException usage(String what) {
        return new CommandLine.ParameterException(spec().commandLine(), what);
    }

    private static List<String> renamed(List<String> words) {
        var named = new ArrayList<>(words);
        named.set(0, "stdin");
        return named;
    }

    /** The command line's, else the script's last, else the default. */
    private String exports(List<BatchScript.Setting> said) {
        String inScript = said.stream()
                .filter(setting -> setting.name().equals("--export"))
                .map(BatchScript.Setting::value)
                .reduce(slurm ? "ALL" : null, (before, last) -> last);
        return text("--export") == null ? inScript : text("--export");
    }

    private Map<String, String> options(List<BatchScript.Setting> said) {
        var options = new LinkedHashMap<String, String>();
        var values = new ArrayList<>(VALUES);
        var flags = new ArrayList<>(List.of("--hold", "--linux"));
        if (slurm) {
            values.addAll(IGNORED_VALUES);
            flags.addAll(IGNORED_FLAGS);
            slurmDefaults(said, options);
        }
        for (String name : values) {
            if (text(name) != null) {
                options.put(name, text(name));
            }
        }
        flags.stream().filter(this::isSet).forEach(name -> options.put(name, ""));
        return options;
    }

    private void slurmDefaults(List<BatchScript.Setting> said, Map<String, String> options) {
        if (text("--nodelist") != null) {
            options.put("--vm", text("--nodelist"));
        }
        if (!isSaid(said, "--output", "-o")) {
            boolean array = text("--array") != null || isSaid(said, "--array", "-a");
            options.put("--output", array ? "slurm-%A_%a.out" : "slurm-%j.out");
        }
    }

    private static boolean isSaid(List<BatchScript.Setting> said, String name, String letter) {
        return said.stream()
                .anyMatch(
                        setting -> setting.name().equals(name) || setting.name().equals(letter));
    }

    /** A program follows {@code --}. */
    private boolean isProgram(List<String> words) {
        List<String> typed = spec().commandLine().getParseResult().originalArgs();
        int before = typed.size() - words.size() - 1;
        return before >= 0 && typed.get(before).equals("--");
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
