// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The VMs in the database. Every record is kept with its checksum. The revision counts what was declared: it rises with each
 * VM that is made, changed or removed, and never falls.
 */
public final class VmTable {
    private static final String REVISION = "vm_revision";

    private VmTable() {}

    /** What was read: the sound rows by name, and the names of those that are damaged. */
    public record Contents(List<VmRow> rows, List<String> damaged) {}

    /** Adds a VM or replaces it. */
    public static void put(Connection connection, VmRow row) throws SQLException {
        Sql.update(
                connection,
                "INSERT INTO vm (name, generation, record, sum) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET"
                        + " generation = excluded.generation, record = excluded.record, sum = excluded.sum",
                row.name(),
                row.generation(),
                row.record(),
                sum(row.generation(), row.record()));
    }

    public static void delete(Connection connection, String name) throws SQLException {
        Sql.update(connection, "DELETE FROM vm WHERE name = ?", name);
    }

    /** All VMs, in the order of their names. */
    public static Contents read(Connection connection) throws SQLException {
        var rows = new ArrayList<VmRow>();
        var damaged = new ArrayList<String>();
        try (PreparedStatement select =
                        connection.prepareStatement("SELECT name, generation, record, sum FROM vm ORDER BY name");
                ResultSet row = select.executeQuery()) {
            while (row.next()) {
                VmRow read = new VmRow(row.getString(1), row.getLong(2), row.getString(3));
                if (sum(read.generation(), read.record()) == row.getLong(4)) {
                    rows.add(read);
                } else {
                    damaged.add(String.valueOf(read.name()));
                }
            }
        }
        return new Contents(rows, damaged);
    }

    /** One VM, unless it is not there or damaged. */
    static Optional<VmRow> one(Connection connection, String name) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement("SELECT generation, record, sum FROM vm WHERE name = ?")) {
            select.setString(1, name);
            try (ResultSet row = select.executeQuery()) {
                return row.next() && sum(row.getLong(1), row.getString(2)) == row.getLong(3)
                        ? Optional.of(new VmRow(name, row.getLong(1), row.getString(2)))
                        : Optional.empty();
            }
        }
    }

    /** The present revision; 0 before the first VM. */
    public static long revision(Connection connection) throws SQLException {
        return Sql.first(connection, row -> row.getLong(1), "SELECT value FROM counter WHERE name = ?", REVISION)
                .orElse(0L);
    }

    /** Raises the revision; the answer is the new one. */
    public static long nextRevision(Connection connection) throws SQLException {
        long next = revision(connection) + 1;
        raise(connection, next);
        return next;
    }

    /** Sees that the revision is at least this. */
    static void raise(Connection connection, long revision) throws SQLException {
        Sql.update(
                connection,
                "INSERT INTO counter (name, value) VALUES (?, ?) ON CONFLICT (name)"
                        + " DO UPDATE SET value = max(value, excluded.value)",
                REVISION,
                revision);
    }

    private static long sum(long generation, String record) {
        return Checksum.of(record == null ? null : generation + " " + record);
    }
}
