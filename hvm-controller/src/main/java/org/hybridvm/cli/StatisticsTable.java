// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.hybridvm.job.ReportLine;

/**
 * The {@code stats-call} and {@code stats-event} lines of a job's report as tables, in the order in which they come: the
 * proxy sorts calls by their time. What a guest says is bounded and not trusted to be a number.
 */
final class StatisticsTable {
    /** Linux has fewer system calls. */
    static final int MAX_ROWS = 600;

    private final List<ReportLine> calls = new ArrayList<>();
    private final List<ReportLine> events = new ArrayList<>();

    void call(ReportLine line) {
        add(calls, line);
    }

    void event(ReportLine line) {
        add(events, line);
    }

    private static void add(List<ReportLine> rows, ReportLine line) {
        if (rows.size() < MAX_ROWS) {
            rows.add(line);
        }
    }

    /** The tables that have rows, each line with its line end. */
    @Override
    public String toString() {
        var text = new StringBuilder();
        if (!calls.isEmpty()) {
            var table = new Table("SYSTEM CALL", "NUMBER", "IN THE HRT", "FORWARDED", "TIME IN LINUX");
            calls.forEach(line -> table.row(
                    value(line, "name"),
                    value(line, "nr"),
                    value(line, "local"),
                    value(line, "forwarded"),
                    time(line)));
            text.append(table);
        }
        if (!events.isEmpty()) {
            var table = new Table("EVENT", "COUNT", "TIME");
            events.forEach(line -> table.row(value(line, "name").replace('-', ' '), value(line, "count"), time(line)));
            text.append(table);
        }
        return text.toString();
    }

    private static String value(ReportLine line, String key) {
        return line.value(key).orElse("?");
    }

    private static String time(ReportLine line) {
        return line.value("ns")
                .filter(text -> !text.equals("0"))
                .map(StatisticsTable::microseconds)
                .orElse("-");
    }

    private static String microseconds(String nanoseconds) {
        return Optional.of(nanoseconds)
                .filter(text -> text.matches("[0-9]{1,18}"))
                .map(text -> "%.1f us".formatted(Long.parseLong(text) / 1000.0))
                .orElse("?");
    }
}
