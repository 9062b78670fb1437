// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.hybridvm.HvmException;
import org.hybridvm.host.HostChecks.Check;
import org.hybridvm.host.HostChecks.Status;
import org.hybridvm.host.QemuProcess;
import org.hybridvm.store.Database;

/** hvmd about itself: its database, disk, code, caches, and what earlier ones left. Blocks for a moment. */
final class DaemonChecks {
    private final Database database;
    private final Path state;

    DaemonChecks(Database database) {
        this.database = database;
        this.state = database.file().toAbsolutePath().getParent();
    }

    /** @param vms names of the VMs that hvmd knows */
    List<Check> run(Set<String> vms) {
        var checks = new ArrayList<Check>();
        checks.add(database());
        checks.add(disk());
        checks.add(code());
        checks.add(CacheCheck.ofThisProcess().run());
        checks.add(orphans(vms));
        checks.add(sockets(vms));
        return checks;
    }

    private Check database() {
        try {
            String found = database.read(connection -> {
                try (var statement = connection.createStatement();
                        var answer = statement.executeQuery("PRAGMA quick_check(1)")) {
                    return answer.getString(1);
                }
            });
            long size = Files.size(database.file());
            return found.equals("ok")
                    ? ok("database", "sound, " + size / 1024 + " KiB")
                    : fail("database", "damaged: " + found, "hvm daemon stop; hvm daemon recover --quarantine");
        } catch (HvmException | IOException e) {
            return fail("database", e.getMessage(), "hvm daemon stop; hvm daemon recover");
        }
    }

    private Check disk() {
        return Readiness.diskObstacle(state)
                .map(obstacle -> fail("state is writable", obstacle.getMessage(), "df -h " + state + "; mount"))
                .orElseGet(() -> ok("state is writable", state.toString()));
    }

    /** After an upgrade the old hvmd goes on with its own code until it is stopped. */
    private static Check code() {
        Instant started = ProcessHandle.current().info().startInstant().orElse(Instant.MAX);
        Optional<Path> newer = Arrays.stream(
                        System.getProperty("java.class.path").split(File.pathSeparator))
                .map(Path::of)
                .filter(entry ->
                        entry.toString().endsWith(".jar") && changed(entry).isAfter(started))
                .findFirst();
        return newer.map(file -> warn(
                        "hvmd's code",
                        file + " is newer than the hvmd that runs",
                        "hvm daemon stop; VMs and jobs go on"))
                .orElseGet(() -> ok("hvmd's code", Version.current()));
    }

    private static Instant changed(Path file) {
        try {
            return Files.getLastModifiedTime(file).toInstant();
        } catch (IOException e) {
            return Instant.MAX; // it is gone: replaced by another
        }
    }

    /** QEMU processes of this state folder that belong to no VM. */
    private Check orphans(Set<String> vms) {
        var orphans = new TreeMap<String, Long>();
        QemuProcess.named(state).forEach((name, pid) -> {
            if (!vms.contains(name)) {
                orphans.put(name, pid);
            }
        });
        return orphans.isEmpty()
                ? ok("orphans", "no QEMU without a VM")
                : warn(
                        "orphans",
                        "QEMU without a VM: "
                                + orphans.entrySet().stream()
                                        .map(one -> one.getKey() + " (process " + one.getValue() + ")")
                                        .collect(Collectors.joining(", ")),
                        orphans.values().stream().map(pid -> "kill " + pid).collect(Collectors.joining("; ")));
    }

    /** Sockets that a VM left which is not there any more. */
    private Check sockets(Set<String> vms) {
        Path folder = state.resolve("run/vm");
        try (var files = Files.list(Files.isDirectory(folder) ? folder : state)) {
            List<String> stale = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.matches(".+\\.(agent|console|mount[0-9]+)"))
                    .filter(name -> !vms.contains(name.substring(0, name.lastIndexOf('.'))))
                    .sorted()
                    .toList();
            return stale.isEmpty()
                    ? ok("left-overs", "none")
                    : warn(
                            "left-overs",
                            String.join(", ", stale) + " in " + folder,
                            "rm " + folder + "/{" + String.join(",", stale) + "}");
        } catch (IOException e) {
            return warn("left-overs", folder + " cannot be listed (" + e.getMessage() + ")", "ls -ld " + folder);
        }
    }

    private static Check ok(String name, String value) {
        return new Check(name, Status.OK, value, Optional.empty());
    }

    private static Check warn(String name, String value, String mend) {
        return new Check(name, Status.WARN, value, Optional.of(mend));
    }

    private static Check fail(String name, String value, String mend) {
        return new Check(name, Status.FAIL, value, Optional.of(mend));
    }
}
