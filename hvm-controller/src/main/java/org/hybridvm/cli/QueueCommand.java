// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.List;
import org.hybridvm.JsonObject;

/** {@code hvm queue}. */
final class QueueCommand extends Command {
    QueueCommand(Context context) {
        super(context, "queue", "Show jobs that wait or run");
        flag("All, not only the oldest " + JobPages.PAGE + "; with -o json they always are.", "-a", "--all");
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
        if (wantsJson()) {
            printJson(JobPages.json(JobPages.all(client(), true)));
            return OK;
        }
        var table = new Table("JOB", "NAME", "USER", "STATE", "TIME", "CORES", "WHERE", "REASON");
        for (JsonObject job : shown()) {
            JsonObject batch = job.object("batch");
            table.row(
                    JobsCommand.number(job),
                    batch.text("name", job.texts("command").getFirst()),
                    job.text("user"),
                    job.text("state"),
                    JobsCommand.time(job),
                    job.number("cores"),
                    job.text("vm") + "/" + job.text("partition"),
                    job.text("reason", null));
        }
        context.out().print(table);
        return OK;
    }

    private List<JsonObject> shown() {
        if (isSet("--all")) {
            return JobPages.all(client(), true);
        }
        JsonObject page = JobPages.page(client(), true, 0);
        if (page.has("next")) {
            context.err().println("hvm: there are more than these %d. Try: hvm queue --all".formatted(JobPages.PAGE));
        }
        return page.objects("jobs");
    }
}
