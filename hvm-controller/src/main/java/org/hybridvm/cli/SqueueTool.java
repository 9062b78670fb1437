// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.hybridvm.JsonObject;
import org.hybridvm.cli.SlurmColumns.Field;

/** {@code squeue} by jobs that wait or run. */
final class SqueueTool extends Command {
    private static final String FORMAT = "%.18i %.9P %.8j %.8u %.3t %.10M %.6D %R";
    private static final String LONG = "%.18i %.9P %.8j %.8u %.13T %.10M %.9l %.6D %R";

    private static final Map<Character, Field> FIELDS = Map.ofEntries(
            Map.entry('i', new Field("JOBID", SlurmJob::id)),
            Map.entry('A', new Field("JOBID", SlurmJob::raw)),
            Map.entry('F', new Field("ARRAY_JOB_ID", job -> SlurmJob.id(job).split("_")[0])),
            Map.entry('K', new Field("ARRAY_TASK_ID", SqueueTool::task)),
            Map.entry('j', new Field("NAME", SlurmJob::name)),
            Map.entry('o', new Field("COMMAND", job -> String.join(" ", job.texts("command")))),
            Map.entry('u', new Field("USER", job -> job.text("user"))),
            Map.entry('U', new Field("UID", job -> String.valueOf(job.number("user_id")))),
            Map.entry('a', new Field("ACCOUNT", job -> "(null)")),
            Map.entry('t', new Field("ST", SlurmJob::compact)),
            Map.entry('T', new Field("STATE", job -> job.text("state"))),
            Map.entry('M', new Field("TIME", job -> SlurmJob.brief(SlurmJob.elapsed(job)))),
            Map.entry('l', new Field("TIME_LIMIT", SlurmJob::limitWords)),
            Map.entry('L', new Field("TIME_LEFT", SqueueTool::left)),
            Map.entry('S', new Field("START_TIME", job -> SlurmJob.time(SlurmJob.instant(job, "started")))),
            Map.entry('V', new Field("SUBMIT_TIME", job -> SlurmJob.time(SlurmJob.instant(job, "submitted")))),
            Map.entry('e', new Field("END_TIME", job -> SlurmJob.time(SlurmJob.instant(job, "ended")))),
            Map.entry('D', new Field("NODES", job -> "1")),
            Map.entry('C', new Field("CPUS", SlurmJob::cores)),
            Map.entry('P', new Field("PARTITION", job -> job.text("partition"))),
            Map.entry('N', new Field("NODELIST", job -> job.text("vm"))),
            Map.entry('B', new Field("EXEC_HOST", job -> job.text("vm"))),
            Map.entry('r', new Field("REASON", job -> job.text("reason", "None"))),
            Map.entry('R', new Field("NODELIST(REASON)", SlurmJob::place)),
            Map.entry('Q', new Field("PRIORITY", SqueueTool::priority)),
            Map.entry('p', new Field("PRIORITY", SqueueTool::priority)),
            Map.entry('E', new Field("DEPENDENCY", SqueueTool::dependency)),
            Map.entry('Z', new Field("WORK_DIR", job -> job.text("directory"))));

    SqueueTool(Context context) {
        super(context, "squeue", "Show jobs that wait or run, as Slurm's squeue");
        helpByWordOnly();
        option(String.class, "LIST", "Of these users.", "-u", "--user", "--users");
        flag("Your own.", "--me");
        option(String.class, "LIST", "These jobs, or arrays.", "-j", "--jobs", "--job");
        option(String.class, "LIST", "Of these names.", "-n", "--name");
        option(String.class, "LIST", "In these partitions.", "-p", "--partition");
        option(String.class, "LIST", "On these nodes; a node is a VM.", "-w", "--nodelist");
        option(String.class, "LIST", "In these states: PD, R, CD, ..., or all. Default: PD,R.", "-t", "--states");
        option(String.class, "FORMAT", "Columns: %%[[.]SIZE]MARK, as in squeue(1).", "-o", "--format");
        flag("No line of headings.", "-h", "--noheader");
        flag("With the time limit.", "-l", "--long");
        flag("As without: tasks of an array have a line each.", "-r", "--array");
        flag("As without: all partitions are shown.", "-a", "--all");
        examples("squeue -u ada -t R", "squeue -h -j 17 -o '%%i %%T'");
    }

    @Override
    public Integer call() {
        boolean marked = text("--format") != null;
        var columns = new SlurmColumns(marked ? text("--format") : isSet("--long") ? LONG : FORMAT, FIELDS);
        var filter = new SlurmFilter(
                isSet("--me") ? List.of(System.getProperty("user.name")) : SlurmFilter.words(text("--user")),
                SlurmFilter.words(text("--name")),
                SlurmFilter.words(text("--partition")),
                text("--states") == null ? List.of("PD", "R") : SlurmFilter.words(text("--states")),
                SlurmFilter.words(text("--nodelist")));
        List<JsonObject> jobs = jobs().filter(filter::admits).toList();
        if (!isSet("--noheader")) {
            context.out().println(columns.header());
        }
        jobs.forEach(job -> context.out().println(columns.row(job)));
        return OK;
    }

    private Stream<JsonObject> jobs() {
        Client client = client();
        if (text("--jobs") != null) {
            return SlurmFilter.words(text("--jobs")).stream()
                    .map(CancelCommand::jobNumber)
                    .flatMap(job -> client.get("/jobs?job=" + Client.segment(job)).objects("jobs").stream());
        }
        return JobPages.all(client, text("--states") == null).stream();
    }

    private static String task(JsonObject job) {
        return job.object("batch").number("array_job", 0) == 0
                ? "N/A"
                : String.valueOf(job.object("batch").number("array_task"));
    }

    private static String left(JsonObject job) {
        return SlurmJob.limit(job)
                .map(limit -> SlurmJob.brief(limit.minus(SlurmJob.elapsed(job))))
                .orElse("UNLIMITED");
    }

    private static String priority(JsonObject job) {
        return String.valueOf(job.object("batch").number("priority", job.number("priority", 0)));
    }

    private static String dependency(JsonObject job) {
        String dependency = job.object("batch").text("dependency", "");
        return dependency.isEmpty() ? "(null)" : dependency;
    }
}
