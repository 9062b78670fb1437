// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Statements that are made, filled in, done and closed at once. */
final class Sql {
    private Sql() {}

    /** Reads the row that a cursor is at. */
    interface Row<T> {
        T read(ResultSet row) throws SQLException;
    }

    /** @param values of the statement's question marks, in their order; null is NULL */
    static void update(Connection connection, String statement, Object... values) throws SQLException {
        try (PreparedStatement update = prepare(connection, statement, values)) {
            update.executeUpdate();
        }
    }

    /** The first row, if there is one. */
    static <T> Optional<T> first(Connection connection, Row<T> reader, String query, Object... values)
            throws SQLException {
        try (PreparedStatement select = prepare(connection, query, values);
                ResultSet row = select.executeQuery()) {
            return row.next() ? Optional.of(reader.read(row)) : Optional.empty();
        }
    }

    static <T> List<T> all(Connection connection, Row<T> reader, String query, Object... values) throws SQLException {
        try (PreparedStatement select = prepare(connection, query, values);
                ResultSet row = select.executeQuery()) {
            var rows = new ArrayList<T>();
            while (row.next()) {
                rows.add(reader.read(row));
            }
            return rows;
        }
    }

    private static PreparedStatement prepare(Connection connection, String statement, Object... values)
            throws SQLException {
        PreparedStatement prepared = connection.prepareStatement(statement);
        try {
            for (int i = 0; i < values.length; i++) {
                prepared.setObject(i + 1, values[i]);
            }
            return prepared;
        } catch (SQLException e) {
            prepared.close();
            throw e;
        }
    }
}
