// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.stream.Stream;

/** The programs of tests/programs, copied to where the VM sees them. */
final class Programs {
    private final Path folder;

    private Programs(Path folder) {
        this.folder = folder;
    }

    static Programs in(Path work) throws IOException {
        Path folder = Files.createDirectories(work.resolve("programs"));
        try (Stream<Path> built = Files.list(Tree.PROGRAMS)) {
            for (Path program : built.toList()) {
                Path copy = folder.resolve(program.getFileName().toString());
                if (!Files.exists(copy) || Files.mismatch(program, copy) >= 0) {
                    Files.copy(program, copy, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES);
                }
            }
        }
        return new Programs(folder);
    }

    Path path(String name) {
        return folder.resolve(name);
    }
}
