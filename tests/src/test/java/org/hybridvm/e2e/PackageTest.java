// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The Debian packages as files, and the program out of them; scripts/test-package installs them in a system of their own.
 */
@Timeout(600)
class PackageTest {
    private static final Duration LIMIT = Duration.ofSeconds(300);
    private static final Path PACKAGES = Tree.ROOT.resolve("target/packages");

    @TempDir
    private static Path folder;

    private static Path root;

    @BeforeAll
    static void setUp() throws IOException {
        assumeThat(Path.of("/usr/bin/dpkg-deb")).exists();
        run(Tree.ROOT.resolve("scripts/package").toString(), "--quick");
        root = folder.resolve("root");
        run("dpkg-deb", "-x", file("hvm").toString(), root.toString());
    }

    @Test
    void shouldHaveWhatUsersAndTheSystemLookFor() {
        assertThat(contents("hvm"))
                .contains(
                        "/usr/bin/hvm",
                        "/etc/hvm/hvmd.yaml",
                        "/usr/lib/hvm/hvmd",
                        "/usr/lib/hvm/virtiofsd",
                        "/usr/lib/hvm/native-bench",
                        "/usr/lib/hvm/slurm/sbatch",
                        "/usr/share/man/man1/hvm-run.1.gz",
                        "/usr/share/man/man5/hvm.layout.5.gz",
                        "/usr/share/man/man5/hvmd.yaml.5.gz",
                        "/usr/share/man/man8/hvmd.8.gz",
                        "/usr/share/bash-completion/completions/hvm",
                        "/usr/share/zsh/vendor-completions/_hvm",
                        "/usr/lib/sysusers.d/hvm.conf",
                        "/usr/share/doc/hvm/copyright",
                        "/lib/systemd/system/hvmd.service");
        assertThat(contents("hvm-guest-images"))
                .contains(
                        "/usr/lib/hvm/images/vmlinux",
                        "/usr/lib/hvm/images/initramfs.cpio",
                        "/usr/lib/hvm/images/rootfs.img");
        assertThat(contents("libhvm-dev"))
                .contains(
                        "/usr/include/hvm.h",
                        "/usr/include/hrt.h",
                        "/usr/lib/x86_64-linux-gnu/libhvm.a",
                        "/usr/share/man/man3/hvm_call.3.gz",
                        "/usr/share/man/man3/hvm_module_load.3.gz");
    }

    @Test
    void shouldGiveAllFilesToRootAndNobodyElseARightToWrite() {
        assertThat(Stream.of("hvm", "hvm-guest-images", "libhvm-dev")
                        .flatMap(name -> list(name).lines()))
                .allMatch(line -> line.contains(" root/root "), "belongs to root")
                .filteredOn(line -> !line.startsWith("l"))
                .allMatch(line -> line.charAt(5) != 'w' && line.charAt(8) != 'w', "is root's to write");
    }

    @Test
    void shouldLeaveVmsAloneWhenTheServiceStops() throws IOException {
        Path unit = root.resolve("lib/systemd/system/hvmd.service");
        assertThat(Files.readString(unit))
                .contains(
                        "Type=notify\n", "KillMode=process\n", "Restart=on-failure\n", "RuntimeDirectoryPreserve=yes\n")
                .doesNotContain("PrivateTmp", "ProtectSystem", "ProtectHome");
    }

    @Test
    void shouldHaveAUnitThatSystemdUnderstands() throws IOException {
        assumeThat(Path.of("/usr/bin/systemd-analyze")).exists();
        String text = Files.readString(root.resolve("lib/systemd/system/hvmd.service"));
        Path unit = folder.resolve("hvmd.service");
        Files.writeString(unit, text.replace("=/usr/lib/hvm/hvmd", "=" + root.resolve("usr/lib/hvm/hvmd")));
        assertThat(run("systemd-analyze", "verify", "--man=no", unit.toString())
                        .errors()
                        .lines()
                        .filter(line -> line.contains("hvmd.service")))
                .isEmpty();
    }

    @Test
    void shouldRunWithTheJvmThatIsInIt() {
        Path state = folder.resolve("s");
        List<String> hvm = List.of(
                root.resolve("usr/lib/hvm/runtime/bin/java").toString(),
                "@" + root.resolve("usr/lib/hvm/hvm.options"),
                "-cp",
                root.resolve("usr/share/hvm/java") + "/*",
                "org.hybridvm.cli.Hvm");
        Map<String, String> environment = Map.of("HVM_HOME", state.toString());
        assertThat(run(environment, hvm, "version").text()).contains("version", "java", "qemu");
        assertThat(run(environment, hvm, "queue").text()).startsWith("JOB");
        run(environment, hvm, "daemon", "stop");
        assertThat(state.resolve("log/hvmd.log"))
                .content()
                .doesNotContain("NoClassDefFoundError", "ClassNotFoundException", "UnsatisfiedLinkError");
    }

    private static List<String> contents(String name) {
        return list(name)
                .lines()
                .map(line -> line.split(" +", 6)[5])
                .map(path -> path.replaceAll(" -> .*", "").substring(1))
                .toList();
    }

    private static String list(String name) {
        return run("dpkg-deb", "-c", file(name).toString()).text();
    }

    private static Path file(String name) {
        try (var files = Files.newDirectoryStream(PACKAGES, name + "_*.deb")) {
            return files.iterator().next();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static Outcome run(String... words) {
        return run(Map.of(), List.of(), words);
    }

    private static Outcome run(Map<String, String> environment, List<String> first, String... words) {
        List<String> all = Stream.concat(first.stream(), Stream.of(words)).toList();
        return Commands.run(Commands.builder(folder, environment, all), new byte[0], LIMIT)
                .succeeded();
    }
}
