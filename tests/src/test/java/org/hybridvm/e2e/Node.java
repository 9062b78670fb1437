// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.hybridvm.JsonObject;

/** An hvmd of its own home, and the VM {@value #VM} on it, used through the hvm command only. */
final class Node implements AutoCloseable {
    static final String VM = "e2e";
    static final Duration LIMIT = Duration.ofSeconds(120);

    /** Where the VM's programs run. With "user" tests of what needs ring 0 fail: hrt.h's own, calls, modules, pools. */
    private static final String PRIVILEGE = Objects.requireNonNullElse(System.getenv("HVM_TEST_PRIVILEGE"), "kernel");

    private final Path home;
    private final Path folder;
    private final String layout;
    private final Map<String, String> environment = new HashMap<>();

    /** @param folder what the VM is shown of the host, and the commands' working directory */
    Node(Path folder) {
        this(folder, "memory: 2GiB\npartitions:\n  - name: hrt\n    cores: 2\n    privilege: " + PRIVILEGE + "\n");
    }

    /** @param layout of the VM, but for its name */
    Node(Path folder, String layout) {
        this(folder, layout, Map.of());
    }

    /** @param environment of all commands, and so of its hvmd */
    Node(Path folder, String layout, Map<String, String> environment) {
        this.folder = folder;
        this.layout = layout;
        this.environment.putAll(environment);
        try {
            // Short, because sockets live below it.
            home = Files.createTempDirectory(Path.of("/tmp"), "hvm");
            Files.createDirectories(folder);
            this.environment.put("HVM_HOME", home.toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Of its hvmd. */
    Path home() {
        return home;
    }

    Path folder() {
        return folder;
    }

    ProcessBuilder command(String... words) {
        var all = new ArrayList<String>();
        all.add(Tree.ROOT.resolve("scripts/hvm").toString());
        all.addAll(List.of(words));
        return Commands.builder(folder, environment, all);
    }

    Outcome hvm(String... words) {
        return Commands.run(command(words), new byte[0], LIMIT);
    }

    /** Runs a program on an HRT core of the VM. */
    Outcome run(String... program) {
        return runWith(new byte[0], program);
    }

    Outcome runWith(byte[] input, String... program) {
        return Commands.run(command(words(List.of("run", "--vm", VM, "--"), program)), input, Duration.ofMinutes(5));
    }

    /** Runs a program on that many HRT cores. */
    Outcome onCores(int cores, String... program) {
        List<String> run = List.of("run", "--vm", VM, "--cores", String.valueOf(cores), "--");
        return Commands.run(command(words(run, program)), new byte[0], Duration.ofMinutes(2));
    }

    /** Runs a program in the Linux partition. */
    Outcome linux(String... program) {
        return Commands.run(command(words(List.of("run", "--vm", VM, "--linux", "--"), program)), new byte[0], LIMIT);
    }

    private static String[] words(List<String> first, String... rest) {
        var all = new ArrayList<>(first);
        all.addAll(List.of(rest));
        return all.toArray(String[]::new);
    }

    JsonObject json(String... words) {
        return JsonObject.parse(
                hvm(words(List.of(words), "-o", "json")).succeeded().text());
    }

    boolean isUp() {
        return json("list").objects("vms").stream()
                .anyMatch(vm -> vm.text("name").equals(VM) && vm.text("state").equals("READY"));
    }

    /** The VM is up after this. */
    void requireVm() {
        if (!isUp()) {
            hvm("launch", layout().toString()).succeeded();
        }
    }

    private Path layout() {
        try {
            Path file = home.resolve("layout.yaml");
            Files.writeString(file, "name: " + VM + "\n" + layout);
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        hvm("destroy", "--force", VM); // a test that failed may have left jobs
        hvm("daemon", "stop");
        try {
            Files.walkFileTree(home, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.deleteIfExists(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path left, IOException error) throws IOException {
                    Files.deleteIfExists(left);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
