// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;

/** {@code sacct}: what jobs took. There is no accounting beside hvmd's own books, so accounts are empty. */
final class SacctTool extends Command {
    private static final String FORMAT = "JobID,JobName,Partition,Account,AllocCPUS,State,ExitCode";
    private static final Pattern AGO = Pattern.compile("now-(\\d{1,6})(minute|hour|day|week)s?");

    private record Field(String name, int size, Function<JsonObject, String> value) {}

    private record Column(Field field, int size, boolean right) {}

    private static final Map<String, Field> FIELDS = Stream.of(
                    new Field("JobID", -12, SlurmJob::id),
                    new Field("JobIDRaw", -12, SlurmJob::raw),
                    new Field("JobName", 10, SlurmJob::name),
                    new Field("Partition", 10, job -> job.text("partition")),
                    new Field("NodeList", 15, job -> job.text("vm")),
                    new Field("NNodes", 8, job -> "1"),
                    new Field("NTasks", 8, job -> "1"),
                    new Field("User", 9, job -> job.text("user")),
                    new Field("UID", 6, job -> String.valueOf(job.number("user_id"))),
                    new Field("Account", 10, job -> ""),
                    new Field("State", 10, job -> job.text("state")),
                    new Field("ExitCode", 8, SlurmJob::exit),
                    new Field("DerivedExitCode", 15, SlurmJob::exit),
                    new Field("Reason", 22, job -> job.text("reason", "None")),
                    new Field("AllocCPUS", 10, SlurmJob::cores),
                    new Field("NCPUS", 10, SlurmJob::cores),
                    new Field("ReqCPUS", 8, SlurmJob::cores),
                    new Field("Elapsed", 10, job -> SlurmJob.full(SlurmJob.elapsed(job))),
                    new Field(
                            "ElapsedRaw",
                            10,
                            job -> String.valueOf(SlurmJob.elapsed(job).toSeconds())),
                    new Field("CPUTime", 10, job -> SlurmJob.full(cpuTime(job))),
                    new Field(
                            "CPUTimeRAW", 10, job -> String.valueOf(cpuTime(job).toSeconds())),
                    new Field("TotalCPU", 10, SacctTool::totalCpu),
                    new Field("MaxRSS", 10, SacctTool::maxRss),
                    new Field("ReqMem", 10, SacctTool::memory),
                    new Field("Timelimit", 10, SacctTool::limit),
                    new Field("Submit", 19, job -> SlurmJob.time(SlurmJob.instant(job, "submitted"))),
                    new Field("Start", 19, job -> SlurmJob.time(SlurmJob.instant(job, "started"))),
                    new Field("End", 19, job -> SlurmJob.time(SlurmJob.instant(job, "ended"))),
                    new Field(
                            "Priority",
                            10,
                            job -> String.valueOf(job.object("batch").number("priority", job.number("priority", 0)))),
                    new Field("WorkDir", 20, job -> job.text("directory")))
            .collect(Collectors.toMap(field -> field.name().toLowerCase(Locale.ROOT), field -> field));

    SacctTool(Context context) {
        super(context, "sacct", "Show what jobs took, and how they ended, as Slurm's sacct");
        option(String.class, "LIST", "These jobs, or arrays.", "-j", "--jobs", "--job");
        option(String.class, "LIST", "Fields, with %%SIZE or without, as in sacct(1).", "-o", "--format");
        flag("Fields parted by |.", "-P", "--parsable2");
        flag("The same, and one at the end.", "-p", "--parsable");
        flag("No line of headings.", "-n", "--noheader");
        option(String.class, "LIST", "Of these users.", "-u", "--user");
        option(String.class, "LIST", "Of these names.", "--name");
        option(String.class, "LIST", "In these partitions.", "-r", "--partition");
        option(String.class, "LIST", "On these nodes; a node is a VM.", "-N", "--nodelist");
        option(String.class, "LIST", "In these states: CD, F, TO, ...", "-s", "--state");
        option(
                String.class,
                "TIME",
                "Not those that ended before: YYYY-MM-DD[THH:MM[:SS]], now-2days. Default: this" + " day's begin.",
                "-S",
                "--starttime");
        option(String.class, "TIME", "Not those that were submitted later.", "-E", "--endtime");
        flag("As without: a job has no steps.", "-X", "--allocations");
        flag("As without: of all users whose jobs you may see.", "-a", "--allusers");
        flag("Job, state and exit code alone.", "-b", "--brief");
        examples("sacct -j 17", "sacct -n -P -S now-7days -o JobID,State,Elapsed,MaxRSS");
    }

    @Override
    public Integer call() {
        List<Column> columns = columns();
        boolean parsable = isSet("--parsable") || isSet("--parsable2");
        if (!isSet("--noheader")) {
            print(columns, parsable, Field::name);
            if (!parsable) {
                print(columns, false, field -> "-".repeat(200));
            }
        }
        chosen().forEach(job -> print(columns, parsable, field -> field.value().apply(job)));
        return OK;
    }

    private List<Column> columns() {
        String format =
                text("--format") != null ? text("--format") : isSet("--brief") ? "JobID,State,ExitCode" : FORMAT;
        var columns = new ArrayList<Column>();
        for (String word : SlurmFilter.words(format)) {
            String[] parts = word.strip().split("%", 2);
            Field field = FIELDS.get(parts[0].toLowerCase(Locale.ROOT));
            boolean sized = parts.length == 2;
            if (field == null || sized && !parts[1].matches("-?\\d{1,4}")) {
                throw HvmException.of(ErrorCode.INVALID_REQUEST, "No such field of a job")
                        .value(word)
                        .allowed(FIELDS.values().stream()
                                .map(Field::name)
                                .sorted()
                                .collect(Collectors.joining(", ")))
                        .build();
            }
            int size = sized ? Integer.parseInt(parts[1]) : field.size();
            columns.add(new Column(field, Math.abs(size), size > 0));
        }
        return columns;
    }

    private void print(List<Column> columns, boolean parsable, Function<Field, String> text) {
        String line = columns.stream()
                .map(column -> parsable ? text.apply(column.field()) : fit(text.apply(column.field()), column))
                .collect(Collectors.joining(parsable ? "|" : " "));
        context.out().println(isSet("--parsable") ? line + "|" : line);
    }

    /** What is cut ends in a plus, but for the line of dashes. */
    private static String fit(String text, Column column) {
        String fitting = SlurmColumns.fit(text, column.size(), column.right());
        return text.length() > column.size() && !text.startsWith("--")
                ? fitting.substring(0, column.size() - 1) + "+"
                : fitting;
    }

    private Stream<JsonObject> chosen() {
        var filter = new SlurmFilter(
                SlurmFilter.words(text("--user")),
                SlurmFilter.words(text("--name")),
                SlurmFilter.words(text("--partition")),
                SlurmFilter.words(text("--state")),
                SlurmFilter.words(text("--nodelist")));
        Client client = client();
        if (text("--jobs") != null) {
            return SlurmFilter.words(text("--jobs")).stream()
                    .map(CancelCommand::jobNumber)
                    .flatMap(job -> client.get("/jobs?job=" + Client.segment(job)).objects("jobs").stream())
                    .filter(filter::admits);
        }
        Instant from = instant(
                "--starttime",
                LocalDate.now().atStartOfDay(ZoneId.systemDefault()).toInstant());
        Instant to = instant("--endtime", Instant.MAX);
        return JobPages.all(client, false).stream()
                .filter(filter::admits)
                .filter(job ->
                        SlurmJob.instant(job, "ended").orElse(Instant.MAX).compareTo(from) >= 0)
                .filter(job -> SlurmJob.instant(job, "submitted").orElseThrow().compareTo(to) <= 0);
    }

    private Instant instant(String option, Instant otherwise) {
        String text = text(option);
        if (text == null) {
            return otherwise;
        }
        Matcher ago = AGO.matcher(text);
        try {
            if (text.equals("now")) {
                return Instant.now();
            }
            if (ago.matches()) {
                return Instant.now()
                        .minus(Duration.parse(
                                switch (ago.group(2)) {
                                    case "minute" -> "PT" + ago.group(1) + "M";
                                    case "hour" -> "PT" + ago.group(1) + "H";
                                    case "day" -> "P" + ago.group(1) + "D";
                                    default -> "P" + 7 * Long.parseLong(ago.group(1)) + "D";
                                }));
            }
            return (text.contains("T")
                            ? LocalDateTime.parse(text)
                            : LocalDate.parse(text).atStartOfDay())
                    .atZone(ZoneId.systemDefault())
                    .toInstant();
        } catch (DateTimeException e) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, option + " does not fit")
                    .value(text)
                    .allowed("YYYY-MM-DD[THH:MM[:SS]], now, now-N{minutes,hours,days,weeks}")
                    .cause(e)
                    .build();
        }
    }

    /** Its cores for as long as it ran, as Slurm counts. */
    private static Duration cpuTime(JsonObject job) {
        return SlurmJob.elapsed(job).multipliedBy(Math.max(1, job.number("cores")));
    }

    private static String totalCpu(JsonObject job) {
        JsonObject usage = job.object("usage");
        return usage.has("cpu_time_us") ? SlurmJob.full(Duration.ofMillis(usage.number("cpu_time_us") / 1000)) : "";
    }

    private static String maxRss(JsonObject job) {
        JsonObject usage = job.object("usage");
        return usage.has("peak_memory_bytes") ? usage.number("peak_memory_bytes") / 1024 + "K" : "";
    }

    private static String memory(JsonObject job) {
        long bytes = job.object("batch").number("memory_limit_bytes", 0);
        return bytes == 0 ? "0" : (bytes >> 20) + "M";
    }

    private static String limit(JsonObject job) {
        return SlurmJob.limit(job).map(SlurmJob::full).orElse("UNLIMITED");
    }
}
