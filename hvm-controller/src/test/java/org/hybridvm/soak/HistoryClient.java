// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.soak;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;

/** One of many clients who ask and change at random, and write down what they are told. */
final class HistoryClient implements Runnable {
    /** The job tells on its own, once in each life, that it ran. */
    private static final String SCRIPT = "echo ${HVM_RESTART_COUNT:-0} >> ran.$HVM_JOB_ID; exit $((HVM_JOB_ID % 3))";

    private static final List<String> ACTIONS = List.of("hold", "release", "release", "cancel", "requeue", "requeue");

    /** hvmd is away for a moment: no need to knock all the time. */
    private static final int AWAY_MILLIS = 10;

    private static final int NO_JOB = 0;

    private final int number;
    private final Path socket;
    private final Path folder;
    private final History history;
    private final List<Integer> jobs; // of all clients
    private final Random random;
    private final Pace pace;
    private final BooleanSupplier over;
    private Exchange connection;

    /**
     * How busy clients are, and with what.
     *
     * @param millis the longest time that one is idle between two requests
     * @param vms their jobs' VMs; none: whichever is up
     */
    record Pace(int millis, List<String> vms) {
        /** As fast as hvmd answers. */
        static final Pace BUSY = new Pace(0, List.of());
    }

    HistoryClient(
            int number,
            HvmdUnderTest hvmd,
            History history,
            CopyOnWriteArrayList<Integer> jobs,
            long seed,
            Pace pace,
            BooleanSupplier over) {
        this.number = number;
        this.socket = hvmd.socket();
        this.folder = hvmd.folder();
        this.history = history;
        this.jobs = jobs;
        this.random = new Random(seed + number);
        this.pace = pace;
        this.over = over;
    }

    @Override
    public void run() {
        while (!over.getAsBoolean()) {
            if (pace.millis() > 0) {
                pause(random.nextInt(pace.millis()));
            }
            int dice = random.nextInt(100);
            if (jobs.isEmpty() || dice < 12) {
                submit();
            } else if (dice < 45) {
                change(ACTIONS.get(random.nextInt(ACTIONS.size())), someJob());
            } else if (dice < 80) {
                info(someJob());
            } else if (dice < 90) {
                list();
            } else {
                await(someJob());
            }
        }
        disconnect();
    }

    /** The younger, the more likely: most happens to them. */
    private int someJob() {
        int size = jobs.size();
        return jobs.get(size - 1 - random.nextInt(random.nextBoolean() ? Math.min(10, size) : size));
    }

    private void submit() {
        var options = new java.util.TreeMap<String, String>(Map.of("--output", "/dev/null", "--linux", ""));
        if (random.nextInt(3) == 0) {
            options.put("--hold", "");
        }
        if (!pace.vms().isEmpty()) {
            options.put("--vm", pace.vms().get(random.nextInt(pace.vms().size())));
        }
        String body = Json.write(Map.of(
                "program", "/bin/busybox",
                "arguments", List.of("sh", "-c", SCRIPT),
                "directory", folder.toString(),
                "environment", List.of(),
                "options", options));
        var key = Map.of("Idempotency-Key", UUID.randomUUID().toString());
        while (true) { // until it is answered, whatever happens to hvmd; the key sees to it that it is one job
            if (!isConnected()) {
                continue;
            }
            long asked = System.nanoTime();
            try {
                Exchange.Answer answer = connection.ask("POST", "/v1/jobs", key, body);
                if (answer.status() == 200) {
                    int job = (int) answer.json().number("job");
                    history.acknowledged(job);
                    jobs.add(job);
                    return;
                }
                if (!isPassing(answer)) {
                    history.strange("submit: " + answer);
                    return;
                }
                pause(AWAY_MILLIS);
            } catch (IOException e) {
                history.changed(new Change(number, asked, System.nanoTime(), "submit", NO_JOB, 0));
                disconnect();
            }
        }
    }

    private void change(String action, int job) {
        if (!isConnected()) {
            return;
        }
        long asked = System.nanoTime();
        int status = 0;
        try {
            Exchange.Answer answer = connection.ask(
                    "POST", "/v1/jobs/" + job + "/" + action, Map.of("Content-Type", "application/json"), "{}");
            if (answer.status() == 200) {
                see(asked, action, answer.headers().getOrDefault("etag", ""), answer.json());
                status = 200;
            } else {
                status = answer.status();
                if (!answer.body().contains("\"wrong_state\"") && !isPassing(answer)) {
                    history.strange(action + " " + job + ": " + answer);
                }
            }
        } catch (IOException e) {
            disconnect();
        }
        history.changed(new Change(number, asked, System.nanoTime(), action, job, status));
    }

    /** True if the job has ended. */
    private boolean info(int job) {
        long asked = System.nanoTime();
        try {
            Exchange.Answer answer = connection().get("/v1/jobs/" + job);
            if (answer.status() == 200) {
                return see(asked, "info", answer.headers().getOrDefault("etag", ""), answer.json())
                        .isTerminal();
            }
            if (!isPassing(answer)) {
                history.strange("info " + job + ": " + answer);
            }
        } catch (IOException e) {
            disconnect();
        }
        return false;
    }

    private void list() {
        long asked = System.nanoTime();
        String way = random.nextBoolean() ? "last=50" : "cursor=" + Math.max(0, jobs.size() - 50) + "&limit=40";
        try {
            Exchange.Answer answer = connection().get("/v1/jobs?" + way);
            if (answer.status() == 200) {
                answer.json().objects("jobs").stream()
                        .filter(job -> job.has("batch")) // not those of hvm run
                        .forEach(job -> see(asked, way, "", job));
            } else if (!isPassing(answer)) {
                history.strange("list: " + answer);
            }
        } catch (IOException e) {
            disconnect();
        }
    }

    private void await(int job) {
        for (int look = 0; look < 20 && !over.getAsBoolean(); look++) {
            if (info(job)) {
                return;
            }
        }
    }

    private Observation see(long asked, String way, String tag, JsonObject facts) {
        var seen = new Observation(number, asked, System.nanoTime(), way, tag, facts.asMap());
        history.seen(seen);
        return seen;
    }

    /** What a client has to bear with. */
    private static boolean isPassing(Exchange.Answer answer) {
        return answer.status() == 429
                || answer.body().contains("\"shutting_down\"")
                || answer.body().contains("\"no_vm\"")
                || answer.body().contains("\"not_ready\"")
                || answer.body().contains("\"no_such_vm\"");
    }

    private Exchange connection() throws IOException {
        if (connection == null) {
            connection = new Exchange(socket);
        }
        return connection;
    }

    private boolean isConnected() {
        try {
            connection();
            return true;
        } catch (IOException e) {
            disconnect();
            return false;
        }
    }

    private void disconnect() {
        if (connection != null) {
            try {
                connection.close();
            } catch (IOException e) {
                // it is gone
            }
            connection = null;
        }
        pause(AWAY_MILLIS);
    }

    private static void pause(int millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
