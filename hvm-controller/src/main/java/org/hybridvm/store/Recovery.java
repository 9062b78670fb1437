// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;

/**
 * Mends a database while no hvmd uses it: damaged records, or the whole file if SQLite finds it unsound, are moved to
 * {@code quarantine} beside it; nothing is deleted.
 */
public final class Recovery {
    private final Path file;
    private final Path quarantine;
    private final Clock clock;

    public Recovery(Path file, Clock clock) {
        this.file = file;
        this.quarantine = file.resolveSibling("quarantine");
        this.clock = clock;
    }

    /** One line for each finding; none if all is sound. Changes nothing. */
    public List<String> look() {
        try (Database database = Database.open(file)) {
            var found = new ArrayList<String>();
            database.read(JobTable::read)
                    .damaged()
                    .forEach(number -> found.add("the record of job " + number + " is damaged"));
            database.read(VmTable::read).damaged().forEach(vm -> found.add("the record of VM " + vm + " is damaged"));
            return found;
        } catch (HvmException e) {
            if (e.code() != ErrorCode.STORE_DAMAGED) {
                throw e;
            }
            return List.of(e.what() + ": " + e.value());
        }
    }

    /** Moves what is damaged aside; one line for each thing that was done. */
    public List<String> quarantine() throws IOException {
        var done = new ArrayList<String>();
        try {
            moveRecords(done);
        } catch (HvmException e) {
            if (e.code() != ErrorCode.STORE_DAMAGED) {
                throw e;
            }
            moveFile(done);
        }
        return done;
    }

    private void moveRecords(List<String> done) throws IOException {
        try (Database database = Database.open(file)) {
            for (int number : database.read(JobTable::read).damaged()) {
                Path kept = keep("job-" + number, database.read(connection -> raw(connection, number)));
                database.write(connection -> {
                            JobTable.delete(connection, number);
                            return null;
                        })
                        .join();
                done.add("the damaged record of job " + number + " is now " + kept);
            }
            for (String vm : database.read(VmTable::read).damaged()) {
                Path kept = keep(
                        "vm-" + vm,
                        database.read(connection -> text(connection, "SELECT record FROM vm WHERE name = ?", vm)));
                database.write(connection -> {
                            VmTable.delete(connection, vm);
                            return null;
                        })
                        .join();
                done.add("the damaged record of VM " + vm + " is now " + kept + "; if its QEMU runs, it is nobody's:"
                        + " kill the process qemu-system-x86_64 of hvm-" + vm);
            }
        }
    }

    private Path keep(String name, String text) throws IOException {
        Path kept = Files.createDirectories(quarantine).resolve(name.replace('/', '_') + ".txt");
        return Files.writeString(kept, text);
    }

    private void moveFile(List<String> done) throws IOException {
        String stamp = clock.instant().toString().replace(':', '-');
        Path moved = Files.createDirectories(quarantine).resolve(file.getFileName() + "." + stamp);
        Files.move(file, moved);
        done.add("the damaged database is now " + moved);
        for (String suffix : List.of("-wal", "-shm")) {
            Path part = file.resolveSibling(file.getFileName() + suffix);
            if (Files.exists(part)) {
                Files.move(part, moved.resolveSibling(moved.getFileName() + suffix));
            }
        }
        List<JobRow> sound = salvage(moved);
        List<VmRow> vms = salvageVms(moved);
        long revision = revision(moved);
        long lastEvent = lastEvent(moved);
        try (Database fresh = Database.open(file)) {
            fresh.write(connection -> {
                        JobTable.put(connection, sound);
                        for (VmRow vm : vms) {
                            VmTable.put(connection, vm);
                            VmTable.raise(connection, vm.generation());
                        }
                        VmTable.raise(connection, revision);
                        EventTable.continueAfter(connection, lastEvent);
                        return null;
                    })
                    .join();
        }
        done.add(sound.size() + " sound job records and " + vms.size() + " of VMs were taken over");
    }

    /** What can still be read, row by row from both ends, because one unreadable page stops a scan. */
    private static List<JobRow> salvage(Path damaged) {
        var rows = new java.util.TreeMap<Integer, JobRow>();
        for (String order : List.of("ASC", "DESC")) {
            try (var connection = java.sql.DriverManager.getConnection("jdbc:sqlite:" + damaged);
                    PreparedStatement select =
                            connection.prepareStatement("SELECT number FROM job ORDER BY number " + order);
                    ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    JobTable.one(connection, row.getInt(1)).ifPresent(one -> rows.put(one.number(), one));
                }
            } catch (SQLException e) {
                continue; // the other end may be readable
            }
        }
        return List.copyOf(rows.values());
    }

    private static List<VmRow> salvageVms(Path damaged) {
        var rows = new java.util.TreeMap<String, VmRow>();
        for (String order : List.of("ASC", "DESC")) {
            try (var connection = java.sql.DriverManager.getConnection("jdbc:sqlite:" + damaged);
                    PreparedStatement select =
                            connection.prepareStatement("SELECT name FROM vm ORDER BY name " + order);
                    ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    VmTable.one(connection, row.getString(1)).ifPresent(one -> rows.put(one.name(), one));
                }
            } catch (SQLException e) {
                continue; // the other end may be readable
            }
        }
        return List.copyOf(rows.values());
    }

    /** 0 if it cannot be read: the records' own generations stand for it then. */
    private static long revision(Path damaged) {
        try (var connection = java.sql.DriverManager.getConnection("jdbc:sqlite:" + damaged)) {
            return VmTable.revision(connection);
        } catch (SQLException e) {
            return 0;
        }
    }

    /** The highest number that an event has had, so that none is given twice; 0 if it cannot be read. */
    private static long lastEvent(Path damaged) {
        try (var connection = java.sql.DriverManager.getConnection("jdbc:sqlite:" + damaged)) {
            return EventTable.range(connection).newest();
        } catch (SQLException e) {
            return 0; // who follows is told that there is no such event any more
        }
    }

    private static String raw(java.sql.Connection connection, int number) throws SQLException {
        return text(connection, "SELECT record FROM job WHERE number = ?", number)
                + text(connection, "SELECT spec FROM batch WHERE number = ?", number);
    }

    /** The text of one row, damaged as it is, and a line's end; empty without one. */
    private static String text(java.sql.Connection connection, String query, Object key) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(query)) {
            select.setObject(1, key);
            try (ResultSet row = select.executeQuery()) {
                return row.next() && row.getBytes(1) != null ? new String(row.getBytes(1), UTF_8) + '\n' : "";
            }
        }
    }
}
