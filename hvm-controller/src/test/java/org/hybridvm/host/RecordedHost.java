// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;

/** Hosts that are not there: files of /sys and /proc in a text, one a line, {@code PATH = LINE|LINE}. */
public final class RecordedHost {
    private RecordedHost() {}

    /** @param name of the text beside this class, without its ending */
    public static HostTopology read(String name) {
        try (InputStream text = RecordedHost.class.getResourceAsStream(name + ".txt")) {
            Path root = Files.createTempDirectory("host");
            try {
                for (String line : new String(text.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
                    if (!line.startsWith("#")) {
                        String[] parts = line.split(" = ", 2);
                        Path file = root.resolve(parts[0]);
                        Files.createDirectories(file.getParent());
                        Files.writeString(file, parts[1].replace('|', '\n') + "\n");
                    }
                }
                return HostTopology.read(root);
            } finally {
                delete(root);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path root) throws IOException {
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path folder, IOException error) throws IOException {
                Files.delete(folder);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
