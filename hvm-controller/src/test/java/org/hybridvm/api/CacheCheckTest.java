// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.hybridvm.host.HostChecks.Check;
import org.hybridvm.host.HostChecks.Status;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CacheCheckTest {
    @TempDir
    private Path folder;

    private Path java;
    private Path cache;

    @BeforeEach
    void setUp() throws IOException {
        java = Files.createDirectories(folder.resolve("lib/runtime"));
        cache = Files.createFile(folder.resolve("hvmd.aot"));
    }

    @Test
    void shouldBeContentWithACacheThatTheJvmUses() {
        Check check = check("-XX:AOTCache=" + cache, "mixed mode, sharing");
        assertThat(check.status()).isEqualTo(Status.OK);
        assertThat(check.value()).isEqualTo(cache.toString());
    }

    @Test
    void shouldSayThatACacheIsStale() {
        Check check = check("-XX:AOTCache=" + cache, "mixed mode");
        assertThat(check.status()).isEqualTo(Status.WARN);
        assertThat(check.value()).startsWith(cache + " does not fit this JVM or these jars");
    }

    @Test
    void shouldSayThatACacheIsMissing() {
        assertThat(check("-Xmx1g", "mixed mode").value()).startsWith("none is used");
        assertThat(check("-XX:AOTCache=/nowhere", "mixed mode").value()).startsWith("/nowhere is gone");
    }

    @Test
    void shouldNameTheMendOfATree() {
        assertThat(check("-Xmx1g", "mixed mode").mend().orElseThrow()).startsWith("scripts/hvm makes it");
    }

    @Test
    void shouldNameTheMendOfAnInstalledPackage() throws IOException {
        Path lib = java.getParent();
        Files.createFile(lib.resolve("train-caches"));
        assertThat(check("-Xmx1g", "mixed mode").mend().orElseThrow())
                .startsWith("as root: " + lib + "/train-caches /var/cache/hvm " + lib + "/runtime/bin/java @" + lib
                        + "/hvm.options @" + lib + "/class-path && systemctl restart hvmd");
    }

    private Check check(String argument, String jvm) {
        return new CacheCheck(List.of("-Xshare:auto", argument), jvm, java).run();
    }
}
