// SPDX-License-Identifier: Apache-2.0
package org.hybridvm;

import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The C parts of libraries, which the build has unpacked into the folder {@code native} beside the controller's jar. Without
 * them SQLite's and JNA's drivers unpack their own into /tmp at every start, which takes longer than all else that hvmd does
 * until it opens its database.
 */
public final class NativeLibraries {
    private static final String SQLITE_PATH = "org.sqlite.lib.path";
    private static final String JNA_PATH = "jna.boot.library.path";

    private NativeLibraries() {}

    /** Has the drivers look there first. To be called before either is used; what is missing there they unpack themselves. */
    public static void prefer() {
        try {
            prefer(Path.of(NativeLibraries.class
                            .getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .resolveSibling("native"));
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e); // the JVM's own URL
        }
    }

    static void prefer(Path folder) {
        if (Files.isReadable(folder.resolve("libsqlitejdbc.so")) && System.getProperty(SQLITE_PATH) == null) {
            System.setProperty(SQLITE_PATH, folder.toString());
        }
        if (Files.isReadable(folder.resolve("libjnidispatch.so")) && System.getProperty(JNA_PATH) == null) {
            System.setProperty(JNA_PATH, folder.toString());
        }
    }
}
