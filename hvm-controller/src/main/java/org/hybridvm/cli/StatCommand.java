// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import org.hybridvm.JsonObject;

/** {@code hvm stat JOB}. */
final class StatCommand extends Command {
    StatCommand(Context context) {
        super(context, "stat", "Show what a job has used, of one that runs up to now");
        parameter("JOB", "1", "The job's number, see hvm jobs; 12_3 is task 3 of array 12.");
        outputOption();
        explain(
                "",
                "Memory and CPU time are those of its processes in the Linux partition. HRT cores are the job's own for",
                "as long as it runs. Of one that runs, a second line counts what its programs there and their children",
                "have done: system calls that the HRT answered and that Linux did, page faults, interrupts, shootdowns",
                "among them, and times that the timer gave a core to another thread. No other job is in it; programs of",
                "a Linux script's earlier sruns are not either.");
        examples("hvm stat 17", "hvm stat 17 -o json");
    }

    @Override
    public Integer call() {
        JsonObject facts = client().get("/jobs/" + CancelCommand.jobNumber(parameter(0)) + "/stat");
        if (wantsJson()) {
            printJson(facts.asMap());
            return OK;
        }
        var table = new Table("JOB", "STATE", "CORES", "TIME", "CPU TIME", "MEMORY", "PEAK", "LIMIT");
        table.row(
                facts.number("job"),
                facts.text("state"),
                facts.number("cores"),
                facts.has("elapsed_ms") ? seconds(facts.number("elapsed_ms") / 1e3) : null,
                facts.has("cpu_time_us") ? seconds(facts.number("cpu_time_us") / 1e6) : null,
                mebibytes(facts, "memory_bytes"),
                mebibytes(facts, "peak_memory_bytes"),
                facts.number("memory_limit_bytes", 0) == 0 ? null : mebibytes(facts, "memory_limit_bytes"));
        context.out().print(table);
        if (facts.has("hrt")) {
            context.out().print(counters(facts.object("hrt")));
        }
        return OK;
    }

    private static Table counters(JsonObject hrt) {
        return new Table("HRT PROCESSES", "CALLS", "TO LINUX", "FAULTS", "INTERRUPTS", "SHOOTDOWNS", "PREEMPTIONS")
                .row(
                        hrt.number("processes"),
                        hrt.number("calls_local"),
                        hrt.number("calls_forwarded"),
                        hrt.number("page_faults"),
                        hrt.number("interrupts"),
                        hrt.number("shootdowns"),
                        hrt.number("preemptions"));
    }

    private static String seconds(double time) {
        return "%.3f s".formatted(time);
    }

    /** Null if it is not known. */
    static String mebibytes(JsonObject facts, String field) {
        return facts.has(field) ? "%.1f MiB".formatted(facts.number(field) / (double) (1 << 20)) : null;
    }
}
