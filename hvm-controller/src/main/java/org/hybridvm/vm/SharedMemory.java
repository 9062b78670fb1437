// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.UUID;
import org.hybridvm.host.HostChecks;
import org.hybridvm.host.QemuProcess;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of the memory that hosts and guests share, which libvirt has in {@code /dev/shm} by name. QEMU would make a file
 * that anybody may read; so it finds one, of its own user and for nobody else.
 */
final class SharedMemory {
    private static final Logger LOG = LoggerFactory.getLogger(SharedMemory.class);
    private static final Path FOLDER = Path.of("/dev/shm");
    private static final String PREFIX = "hvm-";

    /** Whom libvirt runs QEMU as when it is root. */
    private static final String QEMU_USER = "libvirt-qemu";

    /** A younger file may be of a VM that another hvmd of this host is about to start. */
    private static final Duration LEAST_AGE = Duration.ofMinutes(10);

    private SharedMemory() {}

    static String name(UUID uuid) {
        return PREFIX + uuid;
    }

    static Path file(String name) {
        return FOLDER.resolve(name);
    }

    /**
     * Makes the file, empty.
     *
     * @param size bytes
     * @param ours whether QEMU runs as this process's user
     */
    static void create(String name, long size, boolean ours) throws IOException {
        Path file = file(name);
        Files.deleteIfExists(file);
        var onlyOwner = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
        try (FileChannel channel =
                FileChannel.open(file, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), onlyOwner)) {
            channel.write(ByteBuffer.allocate(1), size - 1);
        }
        if (!ours && HostChecks.isRoot()) {
            Files.setOwner(
                    file, file.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(QEMU_USER));
        }
    }

    /** Deletes what VMs of this user left whose hvmd is gone as well: no QEMU has their UUID. */
    static void sweep() {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(FOLDER, PREFIX + "*-*-*-*-*")) {
            for (Path file : files) {
                sweep(file);
            }
        } catch (IOException e) {
            LOG.debug("left-overs cannot be looked for", e);
        }
    }

    private static void sweep(Path file) {
        try {
            UUID uuid = UUID.fromString(file.getFileName().toString().substring(PREFIX.length()));
            boolean old = Files.getLastModifiedTime(file)
                    .toInstant()
                    .isBefore(Instant.now().minus(LEAST_AGE));
            if (old && QemuProcess.find(uuid).isEmpty() && Files.isWritable(file)) {
                Files.delete(file);
                LOG.info("the shared memory of a VM that is gone was deleted file={}", file);
            }
        } catch (IOException | IllegalArgumentException e) {
            LOG.debug("not a left-over of ours file={}", file, e);
        }
    }
}
