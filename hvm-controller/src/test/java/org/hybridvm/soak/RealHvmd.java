// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.soak;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.hybridvm.Json;

/** An hvmd with a VM, both of them up; jobs go on while it is away. */
final class RealHvmd implements HvmdUnderTest {
    private static final int CLIENTS = 20;
    private static final int BETWEEN_MILLIS = 3000;

    private final Path hvm;
    private final Path home;
    private final Path folder;

    RealHvmd(Path hvm, Path home, Path folder) {
        this.hvm = hvm;
        this.home = home;
        this.folder = folder;
    }

    /** @param arguments the hvm command, HVM_HOME, a folder that the VM sees, kills, the seed, the file for the figures (JSON) */
    public static void main(String[] arguments) throws Exception {
        var hvmd = new RealHvmd(Path.of(arguments[0]), Path.of(arguments[1]), Path.of(arguments[2]));
        int kills = Integer.parseInt(arguments[3]);
        long seed = Long.parseLong(arguments[4]);
        HistoryRun.Result result =
                new HistoryRun(hvmd, CLIENTS, seed, HistoryClient.Pace.BUSY).run(kills, BETWEEN_MILLIS);
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("seed", seed);
        figures.put("clients", CLIENTS);
        figures.put("kills", kills);
        figures.put("jobs", result.jobs());
        figures.put("observations", result.observations());
        figures.put("changes", result.changes());
        figures.put("contradictions", result.contradictions().size());
        Files.writeString(Path.of(arguments[5]), Json.write(figures) + "\n");
        figures.forEach((name, value) -> System.out.printf("%-16s %s%n", name, value));
        result.contradictions().stream().limit(20).forEach(System.out::println);
        System.exit(result.contradictions().isEmpty() ? 0 : 1);
    }

    @Override
    public Path socket() {
        return home.resolve("run/hvmd.sock");
    }

    @Override
    public Path folder() {
        return folder;
    }

    /** Of the hvmd that has the state folder, or had it last. */
    long pid() throws IOException {
        return Long.parseLong(Files.readString(home.resolve("hvmd.lock")).strip());
    }

    Path log() {
        return home.resolve("log/hvmd.log");
    }

    /** What the last one wrote to its standard error. */
    Path startLog() {
        return home.resolve("log/hvmd.start.log");
    }

    /** kill -9, if it is there; returns when it is gone. */
    void kill() throws IOException {
        ProcessHandle.of(pid()).ifPresent(hvmd -> {
            hvmd.destroyForcibly();
            hvmd.onExit().join();
        });
    }

    /** A command that starts hvmd; it ends when that answers. @param properties of hvmd's JVM, for instance -Da=b */
    Process starting(String... properties) throws IOException {
        var command = new ProcessBuilder(hvm.toString(), "daemon", "start")
                .redirectError(home.resolve("start.err").toFile())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD);
        if (properties.length > 0) {
            command.environment().put("JAVA_TOOL_OPTIONS", String.join(" ", properties));
        }
        return command.start();
    }

    /** An hvm command in the folder. */
    ProcessBuilder command(String... words) {
        var command = new ProcessBuilder(hvm.toString()).directory(folder.toFile());
        command.command().addAll(List.of(words));
        return command;
    }

    @Override
    public void killAndStart() throws IOException, InterruptedException {
        kill();
        int status = starting().waitFor();
        if (status != 0) {
            throw new IOException("hvmd does not start: hvm daemon start has status " + status + ": "
                    + Files.readString(home.resolve("start.err")));
        }
    }
}
