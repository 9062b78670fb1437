// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import org.hybridvm.JsonObject;

/** {@code hvm acct}. */
final class AcctCommand extends Command {
    AcctCommand(Context context) {
        super(context, "acct", "Show what jobs took: times, cores, how they ended");
        option(String.class, "JOB", "Of this job alone, or of an array's tasks.", "-j", "--job");
        outputOption();
        explain("", "EXIT is the exit status and, after the colon, the signal that ended the job.");
        examples("hvm acct", "hvm acct -j 17 -o json");
    }

    @Override
    public Integer call() {
        JsonObject answer =
                client().get("/jobs" + (text("--job") == null ? "" : "?job=" + Client.segment(text("--job"))));
        if (wantsJson()) {
            printJson(answer.asMap());
            return OK;
        }
        var table = new Table(
                "JOB", "NAME", "WHERE", "CORES", "STATE", "EXIT", "SUBMITTED", "STARTED", "TIME", "CPU TIME", "PEAK");
        for (JsonObject job : answer.objects("jobs")) {
            table.row(
                    JobsCommand.number(job),
                    job.object("batch").text("name", job.texts("command").getFirst()),
                    job.text("vm") + "/" + job.text("partition"),
                    job.number("cores"),
                    job.text("state"),
                    job.has("exit_code") ? job.number("exit_code") + ":" + job.number("signal") : null,
                    job.text("submitted"),
                    job.text("started", null),
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
