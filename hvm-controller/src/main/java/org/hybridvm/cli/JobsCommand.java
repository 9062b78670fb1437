// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.hybridvm.JsonObject;

/** {@code hvm jobs}. */
final class JobsCommand extends Command {
    private static final int SHOWN = 20;

    JobsCommand(Context context) {
        super(context, "jobs", "Show jobs that run, wait or have ended");
        flag("All that are known, not only the last " + SHOWN + ".", "-a", "--all");
        outputOption();
        explain(
                "",
                "States: PENDING (waits for cores), RUNNING, COMPLETED (status 0), FAILED, CANCELLED, TIMEOUT,",
                "OUT_OF_MEMORY (killed at its --mem, or the guest had no more), NODE_FAIL (its VM, its agent or hvmd",
                "went away).");
        examples("hvm jobs", "hvm jobs --all -o json");
    }

    @Override
    public Integer call() {
        Client client = client();
        List<JsonObject> jobs = isSet("--all")
                ? JobPages.all(client, false)
                : client.get("/jobs?last=" + SHOWN).objects("jobs");
        if (wantsJson()) {
            printJson(JobPages.json(jobs));
            return OK;
        }
        var table = new Table("JOB", "STATE", "EXIT", "TIME", "WHERE", "COMMAND");
        for (JsonObject job : jobs) {
            table.row(
                    number(job),
                    job.text("state"),
                    exit(job),
                    time(job),
                    job.text("vm") + "/" + job.text("partition"),
                    command(job.texts("command")));
        }
        context.out().print(table);
        return OK;
    }

    /** A task of an array as Slurm writes it: ARRAY_TASK. */
    static String number(JsonObject job) {
        JsonObject batch = job.object("batch");
        return batch.number("array_job", 0) == 0
                ? String.valueOf(job.number("job"))
                : "%d (%d_%d)".formatted(job.number("job"), batch.number("array_job"), batch.number("array_task"));
    }

    /** How long it runs or ran, or null. */
    static String time(JsonObject job) {
        return elapsed(job).map(JobsCommand::words).orElse(null);
    }

    private static String exit(JsonObject job) {
        if (!job.has("exit_code")) {
            return null;
        }
        long signal = job.number("signal");
        return signal > 0 ? Signals.name((int) signal) : String.valueOf(job.number("exit_code"));
    }

    private static Optional<Duration> elapsed(JsonObject job) {
        return job.optionalText("started")
                .map(started -> Duration.between(
                        Instant.parse(started),
                        job.optionalText("ended").map(Instant::parse).orElseGet(Instant::now)));
    }

    private static String words(Duration time) {
        return time.toMinutes() > 0
                ? "%d:%02d:%02d".formatted(time.toHours(), time.toMinutesPart(), time.toSecondsPart())
                : "%.3f s".formatted(time.toMillis() / 1000.0);
    }

    /** Words of a command, cut to what a table bears. */
    static String command(List<String> words) {
        String text = String.join(" ", words);
        return text.length() <= 60 ? text : text.substring(0, 57) + "...";
    }
}
