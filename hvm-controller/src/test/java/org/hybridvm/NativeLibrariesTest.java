// SPDX-License-Identifier: Apache-2.0
package org.hybridvm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeLibrariesTest {
    private static final String SQLITE = "org.sqlite.lib.path";
    private static final String JNA = "jna.boot.library.path";

    @TempDir
    private Path folder;

    @BeforeEach
    @AfterEach
    void forget() {
        System.clearProperty(SQLITE);
        System.clearProperty(JNA);
    }

    @Test
    void shouldPreferWhatTheBuildHasUnpackedAndNothingElse() throws IOException {
        Files.createFile(folder.resolve("libsqlitejdbc.so"));
        NativeLibraries.prefer(folder);
        assertThat(System.getProperty(SQLITE)).isEqualTo(folder.toString());
        assertThat(System.getProperty(JNA)).as("is not there").isNull();
    }

    @Test
    void shouldLeaveWhatThePersonWhoStartsItHasChosen() throws IOException {
        Files.createFile(folder.resolve("libjnidispatch.so"));
        System.setProperty(JNA, "/elsewhere");
        NativeLibraries.prefer(folder);
        assertThat(System.getProperty(JNA)).isEqualTo("/elsewhere");
    }
}
