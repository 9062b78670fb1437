// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.access.Owner;

/**
 * A submission, read. A script's text goes to its interpreter as an argument ({@code sh -c TEXT}), so that the job runs
 * what was handed in and not what the file has become.
 *
 * @param directory absolute
 * @param program the program, or the script's interpreter
 * @param before the interpreter's arguments before those of the caller
 */
record BatchPlan(Submission submission, BatchOptions options, Path directory, String program, List<String> before) {
    /** It travels in one message to the guest, with arguments and environment. */
    static final int MAX_SCRIPT = 48 * 1024;

    /** Bytes of script, arguments and environment together. */
    private static final int MAX_WORDS = 60 * 1024;

    private static final int FIELD_HEAD = 8;

    /** Where the guest has {@code srun}, whatever its root. */
    private static final String SHIMS = "/hvm/lib/hvm/slurm";

    private static final String PATH = "PATH=";
    private static final String STANDARD_PATH = "/usr/local/bin:/usr/bin:/bin";
    private static final Map<String, String> TEXT_OPTION =
            Map.of("sh", "-c", "bash", "-c", "dash", "-c", "ash", "-c", "python3", "-c", "python", "-c", "perl", "-e");

    static BatchPlan of(Submission submission, Clock clock) {
        requireText(submission);
        var options = new BatchOptions(clock);
        List<String> before = List.of();
        String program = submission.program();
        if (submission.script().isPresent()) {
            BatchScript script = read(submission);
            script.settings().forEach(options::set);
            before = new ArrayList<>(script.interpreter());
            if (before.size() == 2 && before.getFirst().endsWith("/env")) {
                before.removeFirst();
            }
            program = before.removeFirst();
            String shell = before.isEmpty() || before.getLast().startsWith("-") ? program : before.getLast();
            before.add(textOption(submission.program(), shell.substring(shell.lastIndexOf('/') + 1)));
            before.add(submission.script().get());
            if (before.get(before.size() - 2).equals("-c") && !shell.contains("python")) {
                before.add(submission.program()); // $0
            }
        }
        submission.options().forEach((name, value) -> options.set(new BatchScript.Setting(name, value, "submit")));
        requireRoom(submission, before);
        Path directory = options.directory
                .map(submission.directory()::resolve)
                .orElse(submission.directory())
                .normalize();
        return new BatchPlan(submission, options, directory, program, before);
    }

    /** A word ends at a character NUL for the guest's execve(2), so the program would get other words than were meant. */
    private static void requireText(Submission submission) {
        Stream.of(
                        Stream.of(submission.program()),
                        submission.arguments().stream(),
                        submission.environment().stream(),
                        submission.options().values().stream().filter(Objects::nonNull))
                .flatMap(words -> words)
                .filter(word -> word.indexOf('\0') >= 0)
                .findFirst()
                .ifPresent(word -> {
                    throw HvmException.of(ErrorCode.INVALID_REQUEST, "A word of the job has a character NUL")
                            .value(word.replace("\0", "\\0"))
                            .allowed("any character but NUL")
                            .build();
                });
    }

    /** Refused now, and not when the job's turn has come: the frame that begins it holds 64 KiB, our own fields included. */
    private static void requireRoom(Submission submission, List<String> before) {
        long bytes = Stream.of(before, submission.arguments(), submission.environment())
                .flatMap(List::stream)
                .mapToLong(word -> word.getBytes(StandardCharsets.UTF_8).length + FIELD_HEAD)
                .sum();
        if (bytes > MAX_WORDS) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "Script, arguments and environment are too long")
                    .value(bytes + " bytes")
                    .allowed("at most " + MAX_WORDS + " bytes together")
                    .hint("pass fewer variables (--export=NAME,...), or put arguments into a file")
                    .build();
        }
    }

    /** What it asks for, as a request to be run. A Linux script that holds HRT cores goes to their partition. */
    JobRequest request() {
        return new JobRequest.Builder(program, submission.arguments())
                .vm(options.vm)
                .partition(options.partition)
                .kind(options.linux && !options.coresAsked ? PartitionKind.LINUX : PartitionKind.HRT)
                .cores(options.cores())
                .options(RunOption.ofWords(options.runOptions))
                .directory(directory)
                .environment(submission.environment())
                .searchPath(submission.searchPath())
                .timeLimit(options.timeLimit)
                .build();
    }

    List<String> command(String found) {
        var command = new ArrayList<String>(List.of(found));
        command.addAll(before);
        command.addAll(submission.arguments());
        return command;
    }

    /** One record, or one for each task of an array. */
    List<JobRecord> records(Owner owner, String vm, GuestMachine.Partition partition, int first, Instant now) {
        var shown = new ArrayList<String>(List.of(submission.program()));
        shown.addAll(submission.arguments());
        var records = new ArrayList<JobRecord>();
        for (int at = 0; at < Math.max(1, options.array.size()); at++) {
            records.add(JobRecord.pending(
                    first + at,
                    owner,
                    vm,
                    partition.name(),
                    options.linux ? PartitionKind.LINUX : PartitionKind.HRT,
                    partition.kind() == PartitionKind.HRT ? options.cores() : 0,
                    shown,
                    directory.toString(),
                    now,
                    Optional.of(facts(owner.name(), first, at)),
                    Handover.NONE));
        }
        return records;
    }

    /** The variables that all tasks are handed: the caller's, and what an array is as a whole. */
    List<String> passed() {
        var passed = new ArrayList<>(submission.environment());
        if (!options.array.isEmpty()) {
            for (String prefix : List.of("HVM_", "SLURM_")) {
                passed.add(prefix + "ARRAY_TASK_COUNT=" + options.array.size());
                passed.add(prefix + "ARRAY_TASK_MIN=" + Collections.min(options.array));
                passed.add(prefix + "ARRAY_TASK_MAX=" + Collections.max(options.array));
            }
        }
        return passed;
    }

    /** The caller's variables and those that tell a job of itself, by Slurm's names and ours. */
    static List<String> environment(JobRecord record, List<String> passed) {
        BatchFacts facts = record.batch().orElseThrow();
        var environment = new ArrayList<String>();
        passed.stream().filter(one -> !one.startsWith(PATH)).forEach(environment::add);
        environment.add(PATH + SHIMS + ":"
                + passed.stream()
                        .filter(one -> one.startsWith(PATH))
                        .map(one -> one.substring(PATH.length()))
                        .findFirst()
                        .orElse(STANDARD_PATH));
        environment.add("HVM_JOB_KIND=" + record.kind().name().toLowerCase(Locale.ROOT));
        environment.add("HVM_CORES=" + record.cores());
        environment.add("HVM_PARTITION=" + record.partition());
        environment.add("SLURM_JOBID=" + record.number());
        environment.add("SLURM_JOB_PARTITION=" + record.partition());
        environment.add("SLURM_JOB_USER=" + record.owner().name());
        environment.add("SLURM_JOB_NUM_NODES=1");
        environment.add("SLURM_NTASKS=1");
        environment.add("SLURM_CPUS_ON_NODE=" + Math.max(1, record.cores()));
        for (String prefix : List.of("HVM_", "SLURM_")) {
            environment.add(prefix + "JOB_ID=" + record.number());
            environment.add(prefix + "JOB_NAME=" + facts.name());
            environment.add(prefix + "CPUS_PER_TASK=" + Math.max(1, record.cores()));
            environment.add(prefix + "SUBMIT_DIR=" + record.directory());
            environment.add(prefix + "RESTART_COUNT=" + facts.restarts());
            if (facts.arrayJob() > 0) {
                environment.add(prefix + "ARRAY_JOB_ID=" + facts.arrayJob());
                environment.add(prefix + "ARRAY_TASK_ID=" + facts.arrayTask());
            }
        }
        return lastOfEachName(environment);
    }

    /** A caller who is a job himself (here, or of a Slurm) has such variables already, and programs read the first. */
    private static List<String> lastOfEachName(List<String> environment) {
        var byName = new LinkedHashMap<String, String>();
        environment.forEach(setting -> byName.put(setting.split("=", 2)[0], setting));
        return List.copyOf(byName.values());
    }

    private BatchFacts facts(String user, int first, int at) {
        boolean array = !options.array.isEmpty();
        int arrayJob = array ? first : 0;
        int task = array ? options.array.get(at) : 0;
        String program = submission.program();
        String name = options.name.orElse(program.substring(program.lastIndexOf('/') + 1));
        String stdout = file(
                options.output.orElse(array ? "hvm-%A_%a.out" : "hvm-%j.out"), first + at, name, user, arrayJob, task);
        return new BatchFacts(
                name,
                options.input
                        .map(input -> file(input, first + at, name, user, arrayJob, task))
                        .orElse(""),
                stdout,
                options.error
                        .map(error -> file(error, first + at, name, user, arrayJob, task))
                        .orElse(stdout),
                options.append,
                options.timeLimit,
                options.signal,
                options.signalAhead,
                options.dependency,
                options.begin,
                options.held,
                options.priority,
                arrayJob,
                task,
                options.arrayLimit,
                options.runOptions,
                options.memory,
                0);
    }

    private String file(String pattern, int job, String name, String user, int arrayJob, int task) {
        return directory
                .resolve(OutputPattern.fill(pattern, job, name, user, arrayJob, task))
                .normalize()
                .toString();
    }

    private static BatchScript read(Submission submission) {
        String text = submission.script().orElseThrow();
        if (text.length() > MAX_SCRIPT) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "The batch script is too long")
                    .value(submission.program() + " (" + text.length() + " bytes)")
                    .allowed("at most " + MAX_SCRIPT + " bytes")
                    .hint("let it call a second script")
                    .build();
        }
        return BatchScript.parse(submission.program(), text);
    }

    private static String textOption(String script, String interpreter) {
        String option = TEXT_OPTION.get(interpreter);
        if (option == null) {
            throw BatchScript.refuse(script + ":1", "The interpreter cannot be given a script as text", interpreter)
                    .allowed("sh, bash, dash, ash, python3, python, perl")
                    .hint("hvm submit -- " + script)
                    .build();
        }
        return option;
    }
}
