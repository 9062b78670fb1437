// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.store;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/** The tokens in the database. One that is revoked or has been expired for long is not there any more. */
public final class TokenTable {
    private static final String COLUMNS = "id, hash, user, role, note, created, expires";

    private TokenTable() {}

    public static void add(Connection connection, TokenRow row) throws SQLException {
        Sql.update(
                connection,
                "INSERT INTO token (" + COLUMNS + ") VALUES (?, ?, ?, ?, ?, ?, ?)",
                row.id(),
                row.hash(),
                row.user(),
                row.role(),
                row.note(),
                row.created(),
                row.expires());
    }

    /** In the order in which they were made. */
    public static List<TokenRow> all(Connection connection) throws SQLException {
        return Sql.all(connection, TokenTable::row, "SELECT " + COLUMNS + " FROM token ORDER BY created, id");
    }

    public static Optional<TokenRow> find(Connection connection, String id) throws SQLException {
        return Sql.first(connection, TokenTable::row, "SELECT " + COLUMNS + " FROM token WHERE id = ?", id);
    }

    public static void delete(Connection connection, String id) throws SQLException {
        Sql.update(connection, "DELETE FROM token WHERE id = ?", id);
    }

    /** Forgets those that expired before {@code instant}. */
    public static void deleteExpired(Connection connection, long instant) throws SQLException {
        Sql.update(connection, "DELETE FROM token WHERE expires < ?", instant);
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
