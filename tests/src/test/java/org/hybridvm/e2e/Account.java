// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Another account of this host at a node's hvmd. Only root can be others. */
final class Account {
    private static final Path BUILT = Tree.ROOT.resolve("hvm-controller/target");

    private final Node node;
    private final String name;
    private final Path command;

    /**
     * @param name an account that has a group of its name, such as daemon
     * @param command of {@link #copyCommand}
     */
    Account(Node node, String name, Path command) {
        this.node = node;
        this.name = name;
        this.command = command;
    }

    /** Copies the hvm command into a folder that all accounts may enter, for the tree may be closed to them. */
    static void copyCommand(Path folder) throws IOException {
        var files = new ArrayList<Path>(
                List.of(BUILT.resolve("hvm-controller.jar"), BUILT.resolve("classes/org/hybridvm/cli/hvm.options")));
        try (Stream<Path> libraries = Files.list(BUILT.resolve("lib"))) {
            libraries.filter(file -> file.toString().endsWith(".jar")).forEach(files::add);
        }
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        for (Path file : files) {
            Path copy = Files.copy(file, folder.resolve(file.getFileName()));
            Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString("rw-r--r--"));
        }
    }

    String name() {
        return name;
    }

    /** A command of its, in the node's folder. */
    Outcome sh(String script) {
        return run(List.of("/bin/sh", "-c", script));
    }

    /** The hvm command, at the node's socket. */
    Outcome hvm(String... words) {
        var all = new ArrayList<String>(List.of(
                "/usr/bin/env",
                "HVM_URL=unix:" + node.home().resolve("run/hvmd.sock"),
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "@" + command.resolve("hvm.options"),
                "-cp",
                command + "/*",
                "org.hybridvm.cli.Hvm"));
        all.addAll(List.of(words));
        return run(all);
    }

    private Outcome run(List<String> words) {
        var all = new ArrayList<String>(List.of("setpriv", "--reuid", name, "--regid", name, "--init-groups"));
        all.addAll(words);
        try {
            ProcessBuilder builder =
                    new ProcessBuilder(all).directory(node.folder().toRealPath().toFile());
            builder.environment().keySet().removeIf(each -> each.startsWith("HVM_"));
            return Commands.run(builder, new byte[0], Node.LIMIT);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
