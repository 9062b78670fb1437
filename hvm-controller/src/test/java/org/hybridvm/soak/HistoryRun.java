// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.soak;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.hybridvm.JsonObject;

/** Many clients at one hvmd that is killed again and again; afterwards their history is checked. */
final class HistoryRun {
    private static final int PAGE = 1000;
    private static final int TOLD = 10; // kills
    private static final Duration END_LIMIT = Duration.ofMinutes(10);

    private final HvmdUnderTest hvmd;
    private final int clients;
    private final long seed;
    private final HistoryClient.Pace pace;
    private final History history = new History();
    private final CopyOnWriteArrayList<Integer> jobs = new CopyOnWriteArrayList<>();

    HistoryRun(HvmdUnderTest hvmd, int clients, long seed, HistoryClient.Pace pace) {
        this.hvmd = hvmd;
        this.clients = clients;
        this.seed = seed;
        this.pace = pace;
    }

    /** What came of it. @param end all batch jobs, when everything was over */
    record Result(List<Observation> end, int observations, int changes, List<String> contradictions) {
        int jobs() {
            return end.size();
        }
    }

    /** What is done to hvmd while clients ask. */
    interface Attack {
        void run() throws IOException, InterruptedException;
    }

    /** What clients were told so far. */
    History history() {
        return history;
    }

    /**
     * Lets the clients loose.
     *
     * @param kills of hvmd
     * @param betweenMillis the longest time between two of them; random instants are the point here
     */
    Result run(int kills, int betweenMillis) throws IOException, InterruptedException {
        var random = new Random(seed);
        return during(() -> {
            for (int kill = 1; kill <= kills; kill++) {
                Thread.sleep(random.nextInt(betweenMillis));
                hvmd.killAndStart();
                if (kill % TOLD == 0) {
                    System.err.printf(
                            "history: %d of %d kills, %d jobs%n",
                            kill, kills, history.acknowledged().size());
                }
            }
            Thread.sleep(random.nextInt(betweenMillis));
        });
    }

    /** Lets the clients loose as long as the attack lasts. hvmd is up when it ends. */
    Result during(Attack attack) throws IOException, InterruptedException {
        attackAmongClients(attack);
        try (var connection = new Exchange(hvmd.socket())) {
            List<Observation> end = end(connection);
            return new Result(
                    end,
                    history.observations().size(),
                    history.changes().size(),
                    new HistoryChecker(history).check(end, events(connection), hvmd.folder()));
        }
    }

    private void attackAmongClients(Attack attack) throws IOException, InterruptedException {
        var over = new AtomicBoolean();
        var threads = new ArrayList<Thread>();
        for (int client = 0; client < clients; client++) {
            threads.add(Thread.ofPlatform()
                    .daemon()
                    .name("client " + client)
                    .start(new HistoryClient(client, hvmd, history, jobs, seed * 1000, pace, over::get)));
        }
        try {
            attack.run();
        } finally {
            over.set(true);
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    /** Lets go of those that are held, until all have ended, or should have long ago. */
    private List<Observation> end(Exchange connection) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + END_LIMIT.toNanos();
        while (true) {
            List<Observation> all = all(connection);
            if (all.stream().allMatch(Observation::isTerminal) || System.nanoTime() > deadline) {
                return all;
            }
            for (Observation one : all) {
                if (one.held()) {
                    connection.ask("POST", "/v1/jobs/" + one.job() + "/release", Map.of(), "{}");
                }
            }
            Thread.sleep(50);
        }
    }

    private static List<Observation> all(Exchange connection) throws IOException {
        var all = new ArrayList<Observation>();
        long cursor = 0;
        while (cursor >= 0) {
            long asked = System.nanoTime();
            JsonObject page = connection
                    .get("/v1/jobs?cursor=" + cursor + "&limit=" + PAGE)
                    .json();
            page.objects("jobs").stream()
                    .filter(job -> job.has("batch")) // not those of hvm run
                    .forEach(job -> all.add(new Observation(-1, asked, System.nanoTime(), "end", "", job.asMap())));
            cursor = page.number("next", -1);
        }
        return all;
    }

    /** By their numbers; nothing for one that is not of a job. */
    private static TreeMap<Long, Observation> events(Exchange connection) throws IOException {
        var events = new TreeMap<Long, Observation>();
        JsonObject page = connection.get("/v1/events?limit=" + PAGE).json();
        while (!page.objects("events").isEmpty()) {
            page.objects("events").forEach(event -> events.put(event.number("number"), observation(event)));
            page = connection
                    .get("/v1/events?limit=" + PAGE + "&after=" + page.number("next"))
                    .json();
        }
        return events;
    }

    private static Observation observation(JsonObject event) {
        if (!event.text("kind").equals("job.state")) {
            return null;
        }
        JsonObject told = event.object("facts");
        var facts = new HashMap<>(told.asMap());
        facts.put("job", Long.parseLong(event.text("subject").substring("job/".length())));
        facts.put("batch", Map.of("restarts", told.number("restarts", 0), "held", told.flag("held")));
        return new Observation(-1, 0, 0, "event " + event.number("number"), "", facts);
    }
}
