// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import org.hybridvm.JsonObject;

/** {@code hvm queue}. */
final class QueueCommand extends Command {
    QueueCommand(Context context) {
        super(context, "queue", "Show jobs that wait or run");
        outputOption();
        explain(
                "",
                "Reasons of a job that waits: Resources (it is next when cores are free), Priority (others are before",
                "it), Dependency, DependencyNeverSatisfied, JobHeldUser, BeginTime, JobArrayTaskLimit, PartitionDown",
                "(its VM is not up), QOSMaxJobsPerUserLimit, QOSMaxCpuPerUserLimit (the user's quota). hvm why JOB tells",
                "more.");
        examples("hvm queue", "hvm queue -o json");
    }

    @Override
    public Integer call() {
        JsonObject answer = client().get("/jobs?live=true");
        if (wantsJson()) {
            printJson(answer.asMap());
            return OK;
        }
        var table = new Table("JOB", "NAME", "STATE", "TIME", "CORES", "WHERE", "REASON");
        for (JsonObject job : answer.objects("jobs")) {
            JsonObject batch = job.object("batch");
            table.row(
                    JobsCommand.number(job),
                    batch.text("name", job.texts("command").getFirst()),
                    job.text("state"),
                    JobsCommand.time(job),
                    job.number("cores"),
                    job.text("vm") + "/" + job.text("partition"),
                    job.text("reason", null));
        }
        context.out().print(table);
        return OK;
    }
}
