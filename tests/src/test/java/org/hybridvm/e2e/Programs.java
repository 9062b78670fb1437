// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.stream.Stream;

/** The programs of tests/programs and examples, copied to where the VM sees them. */
final class Programs {
    private final Path folder;

    private Programs(Path folder) {
        this.folder = folder;
    }

    static Programs in(Path work) throws IOException {
        Path folder = Files.createDirectories(work.resolve("programs"));
        copy(Tree.PROGRAMS, folder);
        copy(Tree.EXAMPLES, folder);
        return new Programs(folder);
    }

    private static void copy(Path from, Path folder) throws IOException {
        try (Stream<Path> built = Files.list(from)) {
            for (Path program : built.filter(Files::isExecutable).toList()) {
                Path copy = folder.resolve(program.getFileName().toString());
                if (!Files.exists(copy) || Files.mismatch(program, copy) >= 0) {
                    Files.copy(program, copy, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES);
                }
            }
        }
    }

    Path path(String name) {
        return folder.resolve(name);
    }
}
