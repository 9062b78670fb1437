// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.soak;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.hybridvm.JsonObject;

/**
 * kill -9 of an hvmd with real VMs, at random instants and then at each of its first writes, while jobs run and wait, and clients
 * submit, hold, release, cancel and requeue others, which begin and end. Afterwards: what was lost, doubled, stopped?
 */
final class KillSweep {
    private static final int CLIENTS = 3;
    private static final int IDLE_MILLIS =
            300; // some 20 requests a second, and 2 jobs: what is measured is not the load
    private static final int BETWEEN_MILLIS = 1000;
    /** Every so many kills one comes while hvmd starts. */
    private static final int EARLY = 4;

    private static final int START_MILLIS = 1500;
    private static final int TOLD = 10;
    private static final Duration CUT_LIMIT = Duration.ofMinutes(2);

    private final RealHvmd hvmd;
    private final Numbers wanted;
    private final HistoryRun run;
    private final LongJobs longJobs;
    private final Random random;
    private final SweepFigures figures;
    private final List<SweepFigures.Cut> cuts = new ArrayList<>();

    /** How much of it. */
    record Numbers(int kills, int cuts, int vms, int running, int waiting, long seed) {
        private static Numbers of(List<String> words) {
            int[] numbers = words.stream().mapToInt(Integer::parseInt).toArray();
            return new Numbers(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]);
        }

        List<String> names() {
            return IntStream.range(0, vms).mapToObj(vm -> "sweep" + vm).toList();
        }
    }

    private KillSweep(RealHvmd hvmd, Numbers wanted) {
        this.hvmd = hvmd;
        this.wanted = wanted;
        this.run = new HistoryRun(hvmd, CLIENTS, wanted.seed(), new HistoryClient.Pace(IDLE_MILLIS, wanted.names()));
        this.longJobs = new LongJobs(hvmd, run.history());
        this.random = new Random(wanted.seed());
        this.figures = new SweepFigures(wanted, CLIENTS);
    }

    /**
     * @param arguments the hvm command; HVM_HOME; a folder that the VMs sweep0, ... see; the folder for the report; kills, cuts, VMs,
     *     running jobs, waiting jobs, seed
     */
    public static void main(String[] arguments) throws IOException {
        List<String> words = List.of(arguments);
        var hvmd = new RealHvmd(Path.of(words.get(0)), Path.of(words.get(1)), Path.of(words.get(2)));
        var sweep = new KillSweep(hvmd, Numbers.of(words.subList(4, words.size())));
        try {
            sweep.sweep();
        } catch (Exception e) {
            var trace = new StringWriter();
            e.printStackTrace(new PrintWriter(trace));
            sweep.figures.failed(trace.toString());
        }
        System.exit(sweep.figures.report(Path.of(words.get(3))) ? 0 : 1); // clients may still wait for an hvmd
    }

    private void sweep() throws IOException, InterruptedException {
        List<String> boots = boots();
        longJobs.submit(wanted);
        Process watched = longJobs.watch(wanted.names().getFirst());
        HistoryRun.Result result = run.during(() -> {
            killAtRandom();
            longJobs.endWatched();
            figures.watched(longJobs.isWatchedWhole(watched));
            for (int commit = 1; commit <= wanted.cuts(); commit++) {
                cut("before", commit);
                cut("after", commit);
            }
            hvmd.killAndStart();
            longJobs.end();
        });
        figures.history(result, run.history());
        figures.longJobs(longJobs.damaged(), hvmd.folder());
        figures.cuts(cuts, hvmd);
        List<String> after = boots();
        figures.stopped(IntStream.range(0, wanted.vms())
                .filter(vm -> !boots.get(vm).equals(after.get(vm)))
                .count());
    }

    private void killAtRandom() throws IOException, InterruptedException {
        for (int kill = 1; kill <= wanted.kills(); kill++) {
            Thread.sleep(random.nextInt(BETWEEN_MILLIS));
            hvmd.kill();
            if (kill % EARLY == 0) {
                Process starter = hvmd.starting();
                Thread.sleep(random.nextInt(START_MILLIS));
                hvmd.kill();
                starter.waitFor();
                hvmd.kill(); // if it had not yet begun
            }
            figures.killed(restart());
            if (kill % TOLD == 0 || kill == wanted.kills()) {
                System.err.println("kill-sweep: " + figures.progress());
            }
        }
    }

    private AdoptionTime restart() throws IOException, InterruptedException {
        long end = Files.size(hvmd.log());
        hvmd.killAndStart();
        return AdoptionTime.await(hvmd.log(), end, hvmd.pid(), wanted.vms());
    }

    /** hvmd ends itself before or after its nth commit; until it has come so far, clients ask. */
    private void cut(String when, int commit) throws IOException, InterruptedException {
        String place = when + ":" + commit;
        hvmd.kill();
        Instant start = Instant.now();
        Process starter = hvmd.starting("-Dhvm.store.halt=" + place);
        starter.waitFor(); // it may not get so far
        long deadline = System.nanoTime() + CUT_LIMIT.toNanos();
        while (ProcessHandle.of(hvmd.pid()).isPresent()) {
            if (System.nanoTime() > deadline) {
                throw new IOException("hvmd did not come to its commit " + place);
            }
            Thread.sleep(2);
        }
        if (!Files.readString(hvmd.startLog()).contains("halted " + place)) {
            throw new IOException(
                    "hvmd ended, but not at its commit " + place + ":\n" + Files.readString(hvmd.startLog()));
        }
        cuts.add(new SweepFigures.Cut(when, start, Instant.now()));
        if (when.equals("after") && (commit % TOLD == 0 || commit == wanted.cuts())) {
            System.err.println("kill-sweep: " + cuts.size() + " of " + 2 * wanted.cuts() + " cuts of the journal");
        }
    }

    /** One for each VM; another if it was stopped and came again. */
    private List<String> boots() throws IOException, InterruptedException {
        var boots = new ArrayList<String>();
        for (String vm : wanted.names()) {
            Process cat = hvmd.command(
                            "run",
                            "--vm",
                            vm,
                            "--linux",
                            "--",
                            "/bin/busybox",
                            "cat",
                            "/proc/sys/kernel/random/boot_id")
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            boots.add(new String(cat.getInputStream().readAllBytes()).strip());
            if (!cat.waitFor(1, TimeUnit.MINUTES) || cat.exitValue() != 0) {
                throw new IOException(vm + " does not tell its boot's id");
            }
        }
        return boots;
    }

    static JsonObject ask(RealHvmd hvmd, String path) throws IOException {
        try (var connection = new Exchange(hvmd.socket())) {
            return connection.get(path).json();
        }
    }
}
