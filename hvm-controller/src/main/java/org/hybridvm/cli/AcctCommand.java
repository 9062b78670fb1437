// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.List;
import org.hybridvm.JsonObject;

/** {@code hvm acct}. */
final class AcctCommand extends Command {
    AcctCommand(Context context) {
        super(context, "acct", "Show what jobs took: times, cores, how they ended");
        option(String.class, "JOB", "Of this job alone, or of an array's tasks.", "-j", "--job");
        outputOption();
        explain(
                "",
                "EXIT is the exit status and, after the colon, the signal that ended the job. Times are this host's.");
        examples("hvm acct", "hvm acct -j 17 -o json");
    }

    @Override
    public Integer call() {
        List<JsonObject> jobs = text("--job") == null
                ? JobPages.all(client(), false)
                : client().get("/jobs?job=" + Client.segment(text("--job"))).objects("jobs");
        if (wantsJson()) {
            printJson(JobPages.json(jobs));
            return OK;
        }
        var table = new Table(
                "JOB", "NAME", "WHERE", "CORES", "STATE", "EXIT", "SUBMITTED", "STARTED", "TIME", "CPU TIME", "PEAK");
        for (JsonObject job : jobs) {
            table.row(
                    JobsCommand.number(job),
                    job.object("batch").text("name", job.texts("command").getFirst()),
                    job.text("vm") + "/" + job.text("partition"),
                    job.number("cores"),
                    job.text("state"),
                    job.has("exit_code") ? job.number("exit_code") + ":" + job.number("signal") : null,
                    SlurmJob.time(SlurmJob.instant(job, "submitted")),
                    job.has("started") ? SlurmJob.time(SlurmJob.instant(job, "started")) : null,
                    JobsCommand.time(job),
                    job.object("usage").has("cpu_time_us")
                            ? "%.3f s".formatted(job.object("usage").number("cpu_time_us") / 1e6)
                            : null,
                    StatCommand.mebibytes(job.object("usage"), "peak_memory_bytes"));
        }
        context.out().print(table);
        return OK;
    }
}
