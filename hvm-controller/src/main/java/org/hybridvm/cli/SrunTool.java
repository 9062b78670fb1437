// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.ArrayList;
import java.util.List;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.job.BatchTime;

/** {@code srun}: the words of {@code hvm run}. */
final class SrunTool extends Command {
    SrunTool(Context context) {
        super(context, "srun", "Run a program on HRT cores and wait for it, as Slurm's srun");
        option(Integer.class, "N", "Tasks; multiplies the cores. One process is started.", "-n", "--ntasks");
        option(Integer.class, "N", "HRT cores of a task.", "-c", "--cpus-per-task");
        option(String.class, "1", "A job has the cores of one VM.", "-N", "--nodes");
        option(String.class, "LIMIT", "Time limit: MINUTES, M:S, H:M:S, D-H[:M[:S]].", "-t", "--time");
        option(String.class, "NAME", "The partition; linux: the Linux partition.", "-p", "--partition");
        option(String.class, "NODE", "The VM.", "-w", "--nodelist");
        option(String.class, "FOLDER", "Working directory.", "-D", "--chdir");
        option(String.class, "LIST", "ALL, the default, NONE, or NAME[=VALUE],...", "--export");
        option(String.class, "NAME", "Ignored.", "-J", "--job-name");
        flag("As without: output comes at once.", "-u", "--unbuffered");
        rest("PROGRAM [ARGS...]", "1..*", "The program and its arguments.");
        examples("srun ./solver mesh.dat", "srun -c 2 -t 10 -- ./solver");
    }

    @Override
    public Integer call() {
        var words = new ArrayList<String>(List.of("run"));
        int tasks = number("--ntasks") == null ? 1 : number("--ntasks");
        int cores = number("--cpus-per-task") == null ? 1 : number("--cpus-per-task");
        if (text("--nodes") != null && !text("--nodes").equals("1")) {
            throw doesNotFit("--nodes", text("--nodes"), "1, a job has the cores of one VM", null);
        }
        if ("linux".equals(text("--partition"))) {
            words.add("--linux");
        } else {
            words.addAll(List.of("--cores", String.valueOf((long) tasks * cores)));
            add(words, "--partition", text("--partition"));
        }
        add(words, "--vm", text("--nodelist"));
        add(words, "--cwd", text("--chdir"));
        if (text("--time") != null) {
            add(words, "--time", seconds(text("--time")));
        }
        Exports.of(text("--export") == null ? "ALL" : text("--export"), context.environment())
                .forEach(setting -> add(words, "--env", setting));
        words.add("--");
        words.addAll(rest(0));
        return Hvm.run(context, words.toArray(String[]::new));
    }

    private static void add(List<String> words, String option, String value) {
        if (value != null) {
            words.add(option + "=" + value);
        }
    }

    private static String seconds(String limit) {
        try {
            return String.valueOf(BatchTime.duration(limit).toSeconds());
        } catch (IllegalArgumentException e) {
            throw doesNotFit("--time", limit, e.getMessage(), e);
        }
    }

    private static HvmException doesNotFit(String option, String value, String allowed, Exception cause) {
        return HvmException.of(ErrorCode.INVALID_REQUEST, option + " does not fit")
                .value(value)
                .allowed(allowed)
                .cause(cause)
                .build();
    }
}
