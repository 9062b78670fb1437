// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;

/** Requests that are known by their keys, and what they were answered. */
public final class RequestTable {
    /** So long a request is known. */
    public static final Duration KEPT = Duration.ofHours(24);

    private RequestTable() {}

    /**
     * A request that was made before.
     *
     * @param answer JSON; empty while it is being done, or if hvmd was ended meanwhile
     */
    public record Earlier(Instant time, Optional<String> answer) {}

    /** A request turned out to have been made before: nothing is done for it. */
    public static final class Repeated extends RuntimeException {
        private final transient Earlier earlier;

        Repeated(Earlier earlier) {
            super("the request was made before", null, false, false);
            this.earlier = earlier;
        }

        public Earlier earlier() {
            return earlier;
        }
    }

    /**
     * What was made of it before, if it was.
     *
     * @throws HvmException {@link ErrorCode#IDEMPOTENCY_KEY_REUSED} if the key was another request's
     */
    public static Optional<Earlier> find(Connection connection, RequestKey key, Instant now) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "SELECT time, digest, answer FROM request WHERE caller = ? AND key = ? AND time >= ?")) {
            select.setInt(1, key.caller());
            select.setString(2, key.key());
            select.setLong(3, oldest(now));
            try (ResultSet row = select.executeQuery()) {
                if (!row.next()) {
                    return Optional.empty();
                }
                if (!row.getString(2).equals(key.digest())) {
                    throw reused(key);
                }
                return Optional.of(
                        new Earlier(Instant.ofEpochMilli(row.getLong(1)), Optional.ofNullable(row.getString(3))));
            }
        }
    }

    /**
     * Keeps a request.
     *
     * @param answer JSON, or null while it is being done
     * @throws Repeated if it is kept already
     */
    public static void add(Connection connection, RequestKey key, String answer, Instant now) throws SQLException {
        Optional<Earlier> earlier = find(connection, key, now);
        if (earlier.isPresent()) {
            throw new Repeated(earlier.get());
        }
        put(connection, key, answer, now);
    }

    /** Keeps a request, whether it is kept already or not, and forgets those that are old. */
    public static void put(Connection connection, RequestKey key, String answer, Instant now) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(
                "INSERT OR REPLACE INTO request (caller, key, time, digest, answer) VALUES (?, ?, ?, ?, ?)")) {
            insert.setInt(1, key.caller());
            insert.setString(2, key.key());
            insert.setLong(3, now.toEpochMilli());
            insert.setString(4, key.digest());
            insert.setString(5, answer);
            insert.executeUpdate();
        }
        try (PreparedStatement delete = connection.prepareStatement("DELETE FROM request WHERE time < ?")) {
            delete.setLong(1, oldest(now));
            delete.executeUpdate();
        }
    }

    /** Forgets a request: nothing was done for it. */
    public static void remove(Connection connection, RequestKey key) throws SQLException {
        try (PreparedStatement delete =
                connection.prepareStatement("DELETE FROM request WHERE caller = ? AND key = ?")) {
            delete.setInt(1, key.caller());
            delete.setString(2, key.key());
            delete.executeUpdate();
        }
    }

    private static long oldest(Instant now) {
        return now.minus(KEPT).toEpochMilli();
    }

    private static HvmException reused(RequestKey key) {
        return HvmException.of(ErrorCode.IDEMPOTENCY_KEY_REUSED, "The Idempotency-Key was used with another request")
                .field("Idempotency-Key")
                .value(key.key())
                .allowed("a key of its own for each request, within " + KEPT.toHours() + " hours")
                .build();
    }
}
