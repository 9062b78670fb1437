// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** The programs of tests/programs and examples, copied to where the VM sees them. */
final class Programs {
    private final Path folder;

    private Programs(Path folder) {
        this.folder = folder;
    }

    static Programs in(Path work) throws IOException {
        Path folder = Files.createDirectories(work.resolve("programs"));
        copy(Tree.PROGRAMS, file -> true, folder);
        copy(Tree.EXAMPLES, Files::isExecutable, folder); // beside its object files
        return new Programs(folder);
    }

    private static void copy(Path from, Predicate<Path> wanted, Path folder) throws IOException {
        try (Stream<Path> built = Files.list(from)) {
            for (Path program : built.filter(wanted).toList()) {
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
