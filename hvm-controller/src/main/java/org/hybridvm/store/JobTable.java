// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** The jobs in the database. Every text is kept with its checksum, so that a damaged one is known by its number. */
public final class JobTable {
    private static final String LAST_NUMBER = "last_job";

    private JobTable() {}

    /** What was read: the sound rows by number, and the numbers of those that are damaged. */
    public record Contents(List<JobRow> rows, List<Integer> damaged, int lastNumber) {}

    /** Adds jobs or replaces them; a row without a spec leaves the one that is kept. */
    public static void put(Connection connection, Collection<JobRow> rows) throws SQLException {
        try (PreparedStatement record = connection.prepareStatement(
                        "INSERT INTO job (number, record, sum)"
                                + " VALUES (?, ?, ?) ON CONFLICT (number) DO UPDATE SET record = excluded.record, sum = excluded.sum");
                PreparedStatement spec = connection.prepareStatement(
                        "INSERT INTO batch (number, spec, sum)"
                                + " VALUES (?, ?, ?) ON CONFLICT (number) DO UPDATE SET spec = excluded.spec, sum = excluded.sum");
                PreparedStatement counter = connection.prepareStatement("INSERT INTO counter (name, value) VALUES ('"
                        + LAST_NUMBER + "', ?) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)")) {
            int last = 0;
            for (JobRow row : rows) {
                put(record, row.number(), row.record());
                if (row.spec().isPresent()) {
                    put(spec, row.number(), row.spec().get());
                }
                last = Math.max(last, row.number());
            }
            counter.setInt(1, last);
            counter.executeUpdate();
        }
    }

    public static void delete(Connection connection, int number) throws SQLException {
        for (String table : List.of("job", "batch")) {
            Sql.update(connection, "DELETE FROM " + table + " WHERE number = ?", number);
        }
    }

    /** All jobs, in the order of their numbers. */
    public static Contents read(Connection connection) throws SQLException {
        return read(connection, 0, Integer.MAX_VALUE);
    }

    /** So many jobs at most whose numbers are above one, in the order of their numbers. */
    public static Contents read(Connection connection, int after, int limit) throws SQLException {
        var rows = new ArrayList<JobRow>();
        var damaged = new ArrayList<Integer>();
        try (PreparedStatement select =
                connection.prepareStatement("SELECT job.number, record, job.sum, spec, batch.sum"
                        + " FROM job LEFT JOIN batch ON batch.number = job.number WHERE job.number > ?"
                        + " ORDER BY job.number LIMIT ?")) {
            select.setInt(1, after);
            select.setInt(2, limit);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    int number = row.getInt(1);
                    String record = row.getString(2);
                    String spec = row.getString(4);
                    if (Checksum.of(record) == row.getLong(3)
                            && (spec == null || Checksum.of(spec) == row.getLong(5))) {
                        rows.add(new JobRow(number, record, Optional.ofNullable(spec)));
                    } else {
                        damaged.add(number);
                    }
                }
            }
        }
        return new Contents(rows, damaged, lastNumber(connection));
    }

    /** One job, unless it is not there or damaged. */
    static Optional<JobRow> one(Connection connection, int number) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("SELECT record, sum FROM job WHERE number = ?")) {
            select.setInt(1, number);
            try (ResultSet row = select.executeQuery()) {
                return row.next() && Checksum.of(row.getString(1)) == row.getLong(2)
                        ? Optional.of(new JobRow(number, row.getString(1), spec(connection, number)))
                        : Optional.empty();
            }
        }
    }

    /** What a batch job needs to be started, JSON. */
    public static Optional<String> spec(Connection connection, int number) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("SELECT spec, sum FROM batch WHERE number = ?")) {
            select.setInt(1, number);
            try (ResultSet row = select.executeQuery()) {
                return row.next() && Checksum.of(row.getString(1)) == row.getLong(2)
                        ? Optional.of(row.getString(1))
                        : Optional.empty();
            }
        }
    }

    private static int lastNumber(Connection connection) throws SQLException {
        try (PreparedStatement select =
                        connection.prepareStatement("SELECT max((SELECT coalesce(max(number), 0) FROM job),"
                                + " coalesce((SELECT value FROM counter WHERE name = '" + LAST_NUMBER + "'), 0))");
                ResultSet row = select.executeQuery()) {
            return row.getInt(1);
        }
    }

    private static void put(PreparedStatement statement, int number, String text) throws SQLException {
        statement.setInt(1, number);
        statement.setString(2, text);
        statement.setLong(3, Checksum.of(text));
        statement.executeUpdate();
    }
}
