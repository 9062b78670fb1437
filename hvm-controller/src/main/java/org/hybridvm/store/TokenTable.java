// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The tokens in the database. One that is revoked or has been expired for long is not there any more. */
public final class TokenTable {
    private static final String COLUMNS = "id, hash, user, role, note, created, expires";

    private TokenTable() {}

    public static void add(Connection connection, TokenRow row) throws SQLException {
        try (PreparedStatement insert =
                connection.prepareStatement("INSERT INTO token (" + COLUMNS + ") VALUES (?, ?, ?, ?, ?, ?, ?)")) {
            insert.setString(1, row.id());
            insert.setBytes(2, row.hash());
            insert.setString(3, row.user());
            insert.setString(4, row.role());
            insert.setString(5, row.note());
            insert.setLong(6, row.created());
            insert.setLong(7, row.expires());
            insert.executeUpdate();
        }
    }

    /** In the order in which they were made. */
    public static List<TokenRow> all(Connection connection) throws SQLException {
        try (PreparedStatement select =
                        connection.prepareStatement("SELECT " + COLUMNS + " FROM token ORDER BY created, id");
                ResultSet row = select.executeQuery()) {
            var rows = new ArrayList<TokenRow>();
            while (row.next()) {
                rows.add(row(row));
            }
            return rows;
        }
    }

    public static Optional<TokenRow> find(Connection connection, String id) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("SELECT " + COLUMNS + " FROM token WHERE id = ?")) {
            select.setString(1, id);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? Optional.of(row(row)) : Optional.empty();
            }
        }
    }

    public static void delete(Connection connection, String id) throws SQLException {
        try (PreparedStatement delete = connection.prepareStatement("DELETE FROM token WHERE id = ?")) {
            delete.setString(1, id);
            delete.executeUpdate();
        }
    }

    /** Forgets those that expired before {@code instant}. */
    public static void deleteExpired(Connection connection, long instant) throws SQLException {
        try (PreparedStatement delete = connection.prepareStatement("DELETE FROM token WHERE expires < ?")) {
            delete.setLong(1, instant);
            delete.executeUpdate();
        }
    }

    private static TokenRow row(ResultSet row) throws SQLException {
        return new TokenRow(
                row.getString(1),
                row.getBytes(2),
                row.getString(3),
                row.getString(4),
                row.getString(5),
                row.getLong(6),
                row.getLong(7));
    }
}
