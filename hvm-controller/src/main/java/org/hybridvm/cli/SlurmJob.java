// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import org.hybridvm.JsonObject;

/** A job's facts in Slurm's words and forms. */
final class SlurmJob {
    private static final Map<String, String> COMPACT = Map.of(
            "PENDING", "PD",
            "RUNNING", "R",
            "COMPLETED", "CD",
            "FAILED", "F",
            "CANCELLED", "CA",
            "TIMEOUT", "TO",
            "NODE_FAIL", "NF",
            "OUT_OF_MEMORY", "OOM");

    private SlurmJob() {}

    /** {@code 12}, or {@code 12_3} for a task of an array. */
    static String id(JsonObject job) {
        JsonObject batch = job.object("batch");
        return batch.number("array_job", 0) == 0
                ? raw(job)
                : batch.number("array_job") + "_" + batch.number("array_task");
    }

    static String raw(JsonObject job) {
        return String.valueOf(job.number("job"));
    }

    static String name(JsonObject job) {
        String program = job.texts("command").getFirst();
        return job.object("batch").text("name", program.substring(program.lastIndexOf('/') + 1));
    }

    static String compact(JsonObject job) {
        return COMPACT.getOrDefault(job.text("state"), job.text("state"));
    }

    /** Whether a word of {@code --states} means its state: a name or its short form, of any case. */
    static boolean isIn(JsonObject job, String word) {
        return word.equalsIgnoreCase("all")
                || word.equalsIgnoreCase(job.text("state"))
                || word.equalsIgnoreCase(compact(job));
    }

    static boolean isState(String word) {
        return word.equalsIgnoreCase("all")
                || COMPACT.keySet().stream().anyMatch(word::equalsIgnoreCase)
                || COMPACT.values().stream().anyMatch(word::equalsIgnoreCase);
    }

    static String cores(JsonObject job) {
        return String.valueOf(Math.max(1, job.number("cores")));
    }

    static Optional<Instant> instant(JsonObject job, String field) {
        return job.optionalText(field).map(Instant::parse);
    }

    /** Local time to the second, as Slurm prints it. */
    static String time(Optional<Instant> instant) {
        return instant.map(one -> LocalDateTime.ofInstant(one, ZoneId.systemDefault())
                        .truncatedTo(ChronoUnit.SECONDS)
                        .format(java.time.format.DateTimeFormatter.ISO_LOCAL_DATE_TIME))
                .orElse("Unknown");
    }

    static Duration elapsed(JsonObject job) {
        return instant(job, "started")
                .map(started -> Duration.between(started, instant(job, "ended").orElseGet(Instant::now)))
                .orElse(Duration.ZERO);
    }

    static Optional<Duration> limit(JsonObject job) {
        long seconds = job.object("batch").number("time_limit_s", job.number("time_limit_s", 0));
        return seconds == 0 ? Optional.empty() : Optional.of(Duration.ofSeconds(seconds));
    }

    static String limitWords(JsonObject job) {
        return limit(job).map(SlurmJob::brief).orElse("UNLIMITED");
    }

    /** {@code [D-][H:]MM:SS}, squeue's. */
    static String brief(Duration time) {
        String rest = "%02d:%02d".formatted(time.toMinutesPart(), time.toSecondsPart());
        if (time.toDays() > 0) {
            return "%d-%02d:%s".formatted(time.toDays(), time.toHoursPart(), rest);
        }
        return time.toHours() > 0 ? time.toHours() + ":" + rest : time.toMinutes() + rest.substring(2);
    }

    /** {@code [D-]HH:MM:SS}, sacct's. */
    static String full(Duration time) {
        String rest = "%02d:%02d:%02d".formatted(time.toHoursPart(), time.toMinutesPart(), time.toSecondsPart());
        return time.toDays() > 0 ? time.toDays() + "-" + rest : rest;
    }

    /** Where it runs, or in brackets why it does not. */
    static String place(JsonObject job) {
        return job.text("state").equals("PENDING") ? "(" + job.text("reason", "None") + ")" : job.text("vm");
    }

    /** {@code EXIT:SIGNAL}. */
    static String exit(JsonObject job) {
        return job.number("exit_code", 0) + ":" + job.number("signal", 0);
    }
}
