// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.hybridvm.job.ReportLine;

/** Puts a job's report into words for a terminal. */
final class ReportText {
    private static final List<String> FAULT_DETAILS = List.of("rip", "error", "vector");

    private final boolean statistics;
    private final StatisticsTable table = new StatisticsTable();

    /** @param statistics whether figures were asked for */
    ReportText(boolean statistics) {
        this.statistics = statistics;
    }

    /** What to show for a line of the report, perhaps several lines; empty for what only the job's log needs. */
    Optional<String> of(String line) {
        ReportLine report = ReportLine.parse(line);
        return switch (report.word()) {
            case "started" -> statistics ? Optional.of(started(report)) : Optional.empty();
            case "stats-call" -> {
                table.call(report);
                yield Optional.empty();
            }
            case "stats-event" -> {
                table.event(report);
                yield Optional.empty();
            }
            case "stats" -> statistics ? Optional.of(figures(report) + "\n" + table) : Optional.empty();
            case "unserved" -> Optional.of(unserved(report));
            case "fault" -> fault(report);
            case "trace" -> Optional.of("  #" + report.text());
            case "registers" -> Optional.of("  " + pairs(report.values()));
            case "resources" -> Optional.empty(); // hvm stat and hvm acct tell
            case "first-instruction" -> Optional.empty(); // the trace has it
            case "refused" -> Optional.empty(); // it comes again as the reason of the job's end
            default -> Optional.of(line);
        };
    }

    private static String started(ReportLine report) {
        return "started on %s HRT core(s), address space merged in %s"
                .formatted(value(report, "cores"), microseconds(report.value("merge_ns")));
    }

    private static String unserved(ReportLine report) {
        String call = "system call %s (%s)".formatted(value(report, "name"), value(report, "nr"));
        return report.value("note")
                .map(note -> call + " is served in part: " + note.replace('-', ' '))
                .orElse(call + " is not served yet, the program got ENOSYS");
    }

    private static String figures(ReportLine report) {
        return ("system calls: %s answered in the HRT, %s forwarded to Linux; page faults forwarded: %s; "
                        + "shootdowns: %s; interrupts on HRT cores: %s; wakes: %s; halts: %s")
                .formatted(
                        value(report, "local"),
                        value(report, "forwarded"),
                        value(report, "faults"),
                        value(report, "shootdowns"),
                        value(report, "interrupts"),
                        value(report, "wakes"),
                        value(report, "halts"));
    }

    /** Says what is known; a signal from outside has no address, and its name comes again with the job's end. */
    private static Optional<String> fault(ReportLine report) {
        Optional<String> address = report.value("address").map(value -> " at address " + value);
        String details = FAULT_DETAILS.stream()
                .flatMap(key -> report.value(key).map(value -> key + " " + value).stream())
                .collect(Collectors.joining(", "));
        if (address.isEmpty() && details.isEmpty()) {
            return Optional.empty();
        }
        boolean overflow = report.value("note").filter("stack-overflow"::equals).isPresent();
        return Optional.of(value(report, "name")
                + address.orElse("")
                + (overflow ? ", stack overflow" : "")
                + (details.isEmpty() ? "" : " (" + details + ")"));
    }

    private static String microseconds(Optional<String> nanoseconds) {
        try {
            return nanoseconds
                    .map(text -> "%.1f us".formatted(Long.parseLong(text) / 1000.0))
                    .orElse("?");
        } catch (NumberFormatException e) {
            return "?";
        }
    }

    private static String pairs(Map<String, String> values) {
        var text = new StringBuilder();
        values.forEach((key, value) ->
                text.append(text.isEmpty() ? "" : " ").append(key).append('=').append(value));
        return text.toString();
    }

    private static String value(ReportLine report, String key) {
        return report.value(key).orElse("?");
    }
}
