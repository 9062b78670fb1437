// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Classes loaded ahead of time: what scripts/train-caches makes is used, and what does not fit does no harm. */
@Timeout(300)
class CachesTest {
    private static final Duration LIMIT = Duration.ofSeconds(150);
    private static final String JAVA =
            Path.of(System.getProperty("java.home"), "bin", "java").toString();

    @TempDir
    private static Path folder;

    private static List<String> options;

    @BeforeAll
    static void setUp() throws IOException {
        Path target = Tree.ROOT.resolve("hvm-controller/target");
        Path lib = Files.createDirectory(folder.resolve("lib"));
        var classPath = new StringBuilder(target.resolve("hvm-controller.jar").toString());
        try (var jars = Files.newDirectoryStream(target.resolve("lib"), "*.jar")) {
            for (Path jar : jars) {
                Files.copy(jar, lib.resolve(jar.getFileName()));
                classPath.append(':').append(lib.resolve(jar.getFileName()));
            }
        }
        run(List.of(
                JAVA,
                Tree.ROOT
                        .resolve("hvm-controller/src/tools/java/ModernClassFiles.java")
                        .toString(),
                lib.toString()));
        options = List.of(
                "@" + Tree.ROOT.resolve("hvm-controller/src/main/resources/org/hybridvm/cli/hvm.options"),
                "-cp",
                classPath.toString());
        var training = new ArrayList<>(
                List.of(Tree.ROOT.resolve("scripts/train-caches").toString(), folder.toString(), JAVA));
        training.addAll(options);
        run(training);
    }

    @Test
    void shouldTakeTheCommandsClassesFromTheCache() {
        Outcome queue = hvm(folder.resolve("hvm.aot"), "-Xlog:class+load:stderr");
        assertThat(queue.errors())
                .containsPattern("picocli.CommandLine source: shared objects file")
                .containsPattern("org.hybridvm.cli.QueueCommand source: shared objects file");
        assertThat(queue.text()).startsWith("Usage: hvm queue");
    }

    @Test
    void shouldDoWithoutACacheThatIsNone() throws IOException {
        Path cache = Files.writeString(folder.resolve("rubbish.aot"), "no cache at all");
        assertThat(hvm(cache, "-Xmx32m").errors()).isEmpty();
    }

    @Test
    void shouldDoWithoutACacheOfOtherOptions() {
        assertThat(hvm(folder.resolve("hvm.aot"), "-XX:+UseCompactObjectHeaders")
                        .errors())
                .isEmpty();
    }

    /** Help needs no hvmd. */
    private static Outcome hvm(Path cache, String option) {
        var words = new ArrayList<>(List.of(JAVA));
        words.addAll(options);
        words.addAll(List.of("-XX:AOTCache=" + cache, option, "org.hybridvm.cli.Hvm", "queue", "--help"));
        return run(words);
    }

    private static Outcome run(List<String> words) {
        return Commands.run(
                        Commands.builder(
                                folder,
                                Map.of("HVM_HOME", folder.resolve("home").toString()),
                                words),
                        new byte[0],
                        LIMIT)
                .succeeded();
    }
}
