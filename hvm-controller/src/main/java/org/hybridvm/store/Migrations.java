// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.store;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;

/**
 * Brings a database to the present schema. Each step is a file of SQL, run in one transaction with the step's number,
 * which SQLite keeps in the file's head ({@code PRAGMA user_version}); so a crash leaves the schema before or after it.
 * Named as Flyway names them, which would take longer than all else of hvmd's start.
 */
final class Migrations {
    /** In the order of their numbers, from 1 on. Never changed once released: a mend is a further step. */
    private static final List<String> STEPS =
            List.of("V1__jobs.sql", "V2__events.sql", "V3__requests.sql", "V4__vms.sql", "V5__tokens.sql");

    private Migrations() {}

    /** @throws HvmException if the file was written by a newer hvmd */
    static void run(Connection connection, Path file) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            int version = version(statement);
            if (version > STEPS.size()) {
                throw HvmException.of(ErrorCode.STORE_DAMAGED, "The database is of a newer hvmd")
                        .value(file + " (schema " + version + ")")
                        .allowed("schema 0 to " + STEPS.size())
                        .hint("start the hvmd that wrote it")
                        .build();
            }
            for (int step = version; step < STEPS.size(); step++) {
                statement.executeUpdate("BEGIN IMMEDIATE");
                for (String command : commands(STEPS.get(step))) {
                    statement.executeUpdate(command);
                }
                statement.executeUpdate("PRAGMA user_version = " + (step + 1));
                statement.executeUpdate("COMMIT");
            }
        }
    }

    private static int version(Statement statement) throws SQLException {
        try (ResultSet answer = statement.executeQuery("PRAGMA user_version")) {
            return answer.getInt(1);
        }
    }

    private static List<String> commands(String name) {
        try (InputStream file = Migrations.class.getResourceAsStream(name)) {
            String text = new String(file.readAllBytes(), StandardCharsets.UTF_8).replaceAll("(?m)^--.*$", "");
            return List.of(text.strip().split(";\\s*"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
