// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.soak;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.hybridvm.Json;

/** An hvmd with a VM, both of them up; jobs go on while it is away. */
final class RealHvmd implements HvmdUnderTest {
    private static final int CLIENTS = 20;
    private static final int BETWEEN_MILLIS = 3000;

    private final Path hvm;
    private final Path home;
    private final Path folder;

    private RealHvmd(Path hvm, Path home, Path folder) {
        this.hvm = hvm;
        this.home = home;
        this.folder = folder;
    }

    /** @param arguments the hvm command, HVM_HOME, a folder that the VM sees, kills, the seed, the file for the figures (JSON) */
    public static void main(String[] arguments) throws Exception {
        var hvmd = new RealHvmd(Path.of(arguments[0]), Path.of(arguments[1]), Path.of(arguments[2]));
        int kills = Integer.parseInt(arguments[3]);
        long seed = Long.parseLong(arguments[4]);
        HistoryRun.Result result = new HistoryRun(hvmd, CLIENTS, seed).run(kills, BETWEEN_MILLIS);
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

    @Override
    public void killAndStart() throws IOException, InterruptedException {
        long pid = Long.parseLong(Files.readString(home.resolve("hvmd.lock")).strip());
        ProcessHandle hvmd = ProcessHandle.of(pid).orElseThrow();
        hvmd.destroyForcibly();
        hvmd.onExit().join();
        int status = new ProcessBuilder(hvm.toString(), "daemon", "start")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
        if (status != 0) {
            throw new IOException("hvmd does not start: hvm daemon start has status " + status);
        }
    }
}
