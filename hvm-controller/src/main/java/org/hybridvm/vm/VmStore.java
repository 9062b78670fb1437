// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.hybridvm.HvmException;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.hybridvm.store.Database;
import org.hybridvm.store.VmRow;
import org.hybridvm.store.VmTable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The records of VMs, in hvmd's database, and a folder for each VM with its console's log. What changes a record returns when
 * it is on disk.
 */
final class VmStore {
    private static final Logger LOG = LoggerFactory.getLogger(VmStore.class);

    /** The record of a VM of an older hvmd, in the VM's folder. */
    private static final String OLD_FILE = "vm.json";

    private static final String IMPORTED = "vm.json.imported";

    private final Path folder;
    private final Database database;

    VmStore(Path folder, Database database) throws IOException {
        this.folder = Files.createDirectories(folder);
        this.database = database;
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
    }

    /** All that can be read, in the order of the names; a damaged record is named in the log and left where it is. */
    List<VmRecord> load() throws IOException {
        importOld();
        VmTable.Contents contents = database.read(VmTable::read);
        contents.damaged()
                .forEach(vm -> LOG.error(
                        "a VM's record is damaged and left alone vm={} mend=\"hvm daemon recover --quarantine\"", vm));
        List<VmRecord> records = new ArrayList<>();
        for (VmRow row : contents.rows()) {
            try {
                records.add(VmRecord.fromJson(JsonObject.parse(row.record()), row.generation()));
            } catch (RuntimeException e) {
                LOG.error("a VM's record is not understood and left alone vm={}", row.name(), e);
            }
        }
        return records;
    }

    /** Counts what was declared; rises with each VM that is made, changed or removed. */
    long revision() {
        return database.read(VmTable::revision);
    }

    /**
     * Keeps what was declared, all of it or nothing, under a new revision.
     *
     * @param also done in the same transaction
     * @return the same records, of the new generation
     * @throws HvmException if it cannot be kept
     */
    List<VmRecord> declare(Collection<VmRecord> records, Database.Work<Void> also) {
        return join(database.write(connection -> {
            also.with(connection);
            long revision = VmTable.nextRevision(connection);
            List<VmRecord> declared = new ArrayList<>();
            for (VmRecord record : records) {
                VmRecord newer = record.of(revision);
                VmTable.put(connection, row(newer));
                declared.add(newer);
            }
            return declared;
        }));
    }

    List<VmRecord> declare(Collection<VmRecord> records) {
        return declare(records, connection -> null);
    }

    /** Keeps what became of a VM that is declared. */
    void save(VmRecord record) {
        join(database.write(connection -> {
            VmTable.put(connection, row(record));
            return null;
        }));
    }

    /** Forgets a VM, with its folder. */
    void delete(String vm) {
        join(database.write(connection -> {
            VmTable.delete(connection, vm);
            VmTable.nextRevision(connection);
            return null;
        }));
        deleteFolder(vm);
    }

    Path folderOf(String vm) {
        return folder.resolve(vm);
    }

    Path consoleOf(String vm) {
        return folderOf(vm).resolve("console.log");
    }

    Path mountLogOf(String vm) {
        return folderOf(vm).resolve("virtiofsd.log");
    }

    /** Makes the VM's folder, or empties it. */
    void freshFolder(String vm) throws IOException {
        deleteFolder(vm);
        Files.createDirectories(folderOf(vm));
    }

    private void deleteFolder(String vm) {
        try (Stream<Path> files = Files.walk(folderOf(vm))) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (java.nio.file.NoSuchFileException e) {
            LOG.debug("VM {} has no folder", vm);
        } catch (IOException e) {
            throw new UncheckedIOException("the folder of VM " + vm + " cannot be deleted", e);
        }
    }

    /** Takes over the records that an older hvmd kept as files, once. */
    private void importOld() throws IOException {
        List<Path> folders;
        try (Stream<Path> all = Files.list(folder)) {
            folders = all.sorted().toList();
        }
        for (Path each : folders) {
            Path file = each.resolve(OLD_FILE);
            if (Files.isRegularFile(file)) {
                importOld(file);
            }
        }
    }

    private void importOld(Path file) throws IOException {
        try {
            VmRecord record = VmRecord.fromJson(JsonObject.parse(Files.readString(file)), 0);
            if (isKnown(record.layout().name())) {
                return; // taken over before; only the file could not be moved
            }
            declare(List.of(record));
            Files.move(file, file.resolveSibling(IMPORTED), StandardCopyOption.REPLACE_EXISTING);
            LOG.info(
                    "the record of a VM was taken over into the database vm={} file={}",
                    record.layout().name(),
                    file);
        } catch (IOException | RuntimeException e) {
            if (e instanceof HvmException refused && refused.code().fault() == org.hybridvm.ErrorCode.Fault.HOST) {
                throw refused; // the database's: nothing is wrong with the record
            }
            LOG.error("a VM's record is damaged and left alone file={}", file, e);
        }
    }

    private boolean isKnown(String vm) {
        VmTable.Contents contents = database.read(VmTable::read);
        return contents.damaged().contains(vm)
                || contents.rows().stream().anyMatch(row -> row.name().equals(vm));
    }

    private static VmRow row(VmRecord record) {
        return new VmRow(record.layout().name(), record.generation(), Json.write(record.toJson()));
    }

    private static <T> T join(java.util.concurrent.CompletableFuture<T> write) {
        try {
            return write.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException known ? known : e;
        }
    }
}
