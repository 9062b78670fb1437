// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;

/**
 * Copies of kernels, initramfses and root file systems where QEMU's user can read them. A running VM keeps its own even if the tree that they
 * were built in is built anew; libvirt may change a copy's owner, never the original's.
 */
final class ImageStage {
    private final Path folder;

    ImageStage(Path folder) throws IOException {
        this.folder = Files.createDirectories(folder);
    }

    /**
     * The copy of a file, made if it is not there in this version.
     *
     * @throws HvmException if the file is missing
     */
    synchronized Path copyOf(Path file) {
        try {
            String version = version(file);
            Path copy = folder.resolve(version);
            if (!Files.exists(copy)) {
                Path draft = folder.resolve(version + ".new");
                Files.copy(file, draft, StandardCopyOption.REPLACE_EXISTING);
                Files.setPosixFilePermissions(draft, PosixFilePermissions.fromString("rw-r--r--"));
                Files.move(draft, copy, StandardCopyOption.ATOMIC_MOVE);
            }
            return copy;
        } catch (IOException e) {
            throw missing(file, e);
        }
    }

    /**
     * The copy of an initramfs to which aerokernels were added, as the agent looks for them.
     *
     * @param images by partition; none: a plain copy
     * @throws HvmException if a file is missing
     */
    synchronized Path initramfs(Path file, Map<String, Path> images) {
        Path plain = copyOf(file);
        if (images.isEmpty()) {
            return plain;
        }
        var sorted = new TreeMap<String, Path>();
        images.forEach((partition, image) -> sorted.put(partition, copyOf(image)));
        UUID set = UUID.nameUUIDFromBytes(sorted.toString().getBytes(StandardCharsets.UTF_8));
        Path copy = plain.resolveSibling(plain.getFileName() + "+" + set);
        try {
            if (!Files.exists(copy)) {
                Path draft = plain.resolveSibling(copy.getFileName() + ".new");
                append(plain, sorted, draft);
                Files.setPosixFilePermissions(draft, PosixFilePermissions.fromString("rw-r--r--"));
                Files.move(draft, copy, StandardCopyOption.ATOMIC_MOVE);
            }
            return copy;
        } catch (IOException e) {
            throw missing(file, e);
        }
    }

    private static void append(Path initramfs, Map<String, Path> images, Path target) throws IOException {
        try (OutputStream out = Files.newOutputStream(target)) {
            Files.copy(initramfs, out);
            out.write(new byte[CpioArchive.padding(Files.size(initramfs))]);
            var archive = new CpioArchive(out);
            for (var image : images.entrySet()) {
                archive.add("lib/hvm/hrt-" + image.getKey() + ".bin", image.getValue());
            }
            archive.finish();
        }
    }

    private static HvmException missing(Path file, IOException cause) {
        return HvmException.of(ErrorCode.IMAGE_MISSING, "An image cannot be read")
                .value(file + " (" + cause + ")")
                .hint("build it: make -C images; or name another in the layout")
                .cause(cause)
                .build();
    }

    /** Of two files with one name, size and modification time (reproducible builds make such), only inode and ctime tell. */
    private static String version(Path file) throws IOException {
        Map<String, Object> attributes = Files.readAttributes(file, "unix:ino,ctime,size");
        FileTime changed = (FileTime) attributes.get("ctime");
        return "%s-%d-%d-%d"
                .formatted(
                        file.getFileName(),
                        attributes.get("ino"),
                        changed.to(TimeUnit.NANOSECONDS),
                        attributes.get("size"));
    }

    /** Deletes copies that no VM has. A running QEMU has read or opened its files, so nothing else can break. */
    synchronized void keepOnly(Set<Path> used) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(each -> !used.contains(each)).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
