// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The records of VMs: one folder each, in it {@code vm.json}, written so that a crash leaves the old or the new one. */
final class VmStore {
    private static final Logger LOG = LoggerFactory.getLogger(VmStore.class);
    private static final String FILE = "vm.json";

    private final Path folder;

    VmStore(Path folder) throws IOException {
        this.folder = Files.createDirectories(folder);
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
    }

    /** All that can be read; a damaged record is named in the log and left where it is. */
    List<VmRecord> load() throws IOException {
        List<VmRecord> records = new ArrayList<>();
        try (Stream<Path> folders = Files.list(folder)) {
            for (Path each : folders.sorted().toList()) {
                Path file = each.resolve(FILE);
                if (!Files.exists(file)) {
                    continue;
                }
                try {
                    records.add(VmRecord.fromJson(JsonObject.parse(Files.readString(file))));
                } catch (IOException | RuntimeException e) {
                    LOG.error("a VM's record is damaged and left alone file={}", file, e);
                }
            }
        }
        return records;
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

    /** Returns when the record is on disk. */
    void save(VmRecord vm) {
        try {
            Path home = Files.createDirectories(folderOf(vm.layout().name()));
            Path draft = home.resolve(FILE + ".new");
            try (FileChannel channel = FileChannel.open(
                    draft, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
                ByteBuffer bytes = ByteBuffer.wrap(Json.writePretty(vm.toJson()).getBytes(StandardCharsets.UTF_8));
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            Files.move(draft, home.resolve(FILE), StandardCopyOption.ATOMIC_MOVE);
            sync(home);
        } catch (IOException e) {
            throw new UncheckedIOException("the record of VM " + vm.layout().name() + " cannot be written", e);
        }
    }

    void delete(String vm) {
        try (Stream<Path> files = Files.walk(folderOf(vm))) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (java.nio.file.NoSuchFileException e) {
            LOG.debug("VM {} has no folder", vm);
        } catch (IOException e) {
            throw new UncheckedIOException("the folder of VM " + vm + " cannot be deleted", e);
        }
    }

    private static void sync(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
