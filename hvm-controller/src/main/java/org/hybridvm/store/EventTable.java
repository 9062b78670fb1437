// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.OptionalLong;

/** The events in the database. Numbers are given in the order of the commits. */
public final class EventTable {
    private static final String JOBS_OF = " AND (substr(subject, 1, 4) != 'job/'"
            + " OR CASE WHEN json_valid(facts) THEN json_extract(facts, '$.user_id') END = ?)";

    private EventTable() {}

    /**
     * What is there.
     *
     * @param oldest number of the oldest event that is kept; {@code newest + 1} if there is none
     * @param newest the highest number that was ever given; 0 if none was
     */
    public record Range(long oldest, long newest) {}

    /** Adds events, and drops the oldest so that {@code kept} are left. */
    public static void add(Connection connection, Collection<EventRow> rows, int kept) throws SQLException {
        if (rows.isEmpty()) {
            return;
        }
        try (PreparedStatement insert = connection.prepareStatement(
                        "INSERT INTO event (time, kind, subject, facts) VALUES (?, ?, ?, ?)");
                PreparedStatement drop = connection.prepareStatement("DELETE FROM event WHERE number <= ?")) {
            for (EventRow row : rows) {
                insert.setLong(1, row.time());
                insert.setString(2, row.kind());
                insert.setString(3, row.subject());
                insert.setString(4, row.facts());
                insert.executeUpdate();
            }
            drop.setLong(1, range(connection).newest() - kept);
            drop.executeUpdate();
        }
    }

    public static Range range(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT (SELECT min(number) FROM event),"
                        + " coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0)")) {
            long newest = row.getLong(2);
            long oldest = row.getLong(1);
            return new Range(row.wasNull() || oldest == 0 ? newest + 1 : oldest, newest);
        }
    }

    /**
     * Events in their order.
     *
     * @param after only those with a higher number
     * @param to only those up to this number
     * @param kinds each stands for itself and what begins with it and a dot; empty: all
     * @param subjects each stands for itself and what begins with it and a slash; empty: all
     * @param jobsOf of jobs, only those of the user with this number; empty: all
     */
    public static List<EventRow> read(
            Connection connection,
            long after,
            long to,
            int limit,
            List<String> kinds,
            List<String> subjects,
            OptionalLong jobsOf)
            throws SQLException {
        String query = "SELECT number, time, kind, subject, facts FROM event WHERE number > ? AND number <= ?"
                + anyOf("kind", kinds.size()) + anyOf("subject", subjects.size())
                + (jobsOf.isPresent() ? JOBS_OF : "") + " ORDER BY number LIMIT ?";
        try (PreparedStatement select = connection.prepareStatement(query)) {
            int at = 1;
            select.setLong(at++, after);
            select.setLong(at++, to);
            at = bind(select, at, kinds, ".");
            at = bind(select, at, subjects, "/");
            if (jobsOf.isPresent()) {
                select.setLong(at++, jobsOf.getAsLong());
            }
            select.setInt(at, limit);
            return rows(select);
        }
    }

    /** After a damaged database was left behind: goes on where its numbers ended. */
    static void continueAfter(Connection connection, long number) throws SQLException {
        Sql.update(connection, "INSERT INTO sqlite_sequence (name, seq) VALUES ('event', ?)", number);
    }

    private static String anyOf(String column, int count) {
        if (count == 0) {
            return "";
        }
        String one = "%s = ? OR substr(%s, 1, length(?)) = ?".formatted(column, column);
        return " AND (" + String.join(" OR ", java.util.Collections.nCopies(count, one)) + ")";
    }

    private static int bind(PreparedStatement select, int first, List<String> words, String separator)
            throws SQLException {
        int at = first;
        for (String word : words) {
            select.setString(at++, word);
            select.setString(at++, word + separator);
            select.setString(at++, word + separator);
        }
        return at;
    }

    private static List<EventRow> rows(PreparedStatement select) throws SQLException {
        var rows = new ArrayList<EventRow>();
        try (ResultSet row = select.executeQuery()) {
            while (row.next()) {
                rows.add(new EventRow(
                        row.getLong(1), row.getLong(2), row.getString(3), row.getString(4), row.getString(5)));
            }
        }
        return rows;
    }
}
