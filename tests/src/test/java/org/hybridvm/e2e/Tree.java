// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import java.nio.file.Files;
import java.nio.file.Path;

/** The source tree, built. */
final class Tree {
    static final Path ROOT = find();
    static final Path PROGRAMS = ROOT.resolve("tests/build/programs");
    static final Path EXAMPLES = ROOT.resolve("examples/build");

    /** Debian's busybox, the very file that is in the guest's image. */
    static final Path BUSYBOX = ROOT.resolve("images/build/base/bin/busybox");

    private Tree() {}

    private static Path find() {
        for (Path folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
            if (Files.exists(folder.resolve("scripts/hvm"))) {
                return folder;
            }
        }
        throw new IllegalStateException(
                "not below the source tree: " + Path.of("").toAbsolutePath());
    }
}
