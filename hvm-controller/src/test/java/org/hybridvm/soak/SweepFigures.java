// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.soak;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;

/** What a {@link KillSweep} found, and its report. What was not reached is not in it. */
final class SweepFigures {
    /** Those that must be nothing. */
    private static final List<String> FAULTS = List.of(
            "lost",
            "doubled",
            "run_twice",
            "output_damaged",
            "run_damaged",
            "end_wrong",
            "contradictions",
            "vms_stopped");

    private static final int SHOWN = 20;

    private final KillSweep.Numbers wanted;
    private final Map<String, Object> facts = new LinkedHashMap<>();
    private final List<Long> executed = new ArrayList<>();
    private final List<Long> served = new ArrayList<>();
    private final long start = System.nanoTime();
    private List<Observation> end = List.of();

    /** A time at which hvmd ended itself at a commit. */
    record Cut(String when, Instant start, Instant end) {}

    SweepFigures(KillSweep.Numbers wanted, int clients) {
        this.wanted = wanted;
        facts.put("seed", wanted.seed());
        facts.put("kills_wanted", wanted.kills());
        facts.put("journal_cuts_wanted", 2 * wanted.cuts());
        facts.put("vms", wanted.vms());
        facts.put("running", wanted.running());
        facts.put("waiting", wanted.waiting());
        facts.put("clients", clients);
    }

    /** hvmd was killed, and had its jobs again. */
    void killed(AdoptionTime time) {
        executed.add(time.sinceExec());
        served.add(time.sinceServing());
        facts.put("kills", executed.size());
        facts.put("adopted_after_exec_ms_median", median(executed));
        facts.put("adopted_after_exec_ms_max", most(executed));
        facts.put("adopted_after_serving_ms_median", median(served));
        facts.put("adopted_after_serving_ms_max", most(served));
    }

    String progress() {
        return "%d of %d kills in %d s; adopted after %d ms in the median, %d ms at most"
                .formatted(executed.size(), wanted.kills(), seconds(), median(executed), most(executed));
    }

    /** @param whole the client of a job wrote each byte of it once */
    void watched(boolean whole) {
        facts.put("run_damaged", whole ? 0 : 1);
    }

    /** What clients were told, beside what there is in the end. */
    void history(HistoryRun.Result result, History history) {
        end = result.end();
        Set<Integer> there = end.stream().map(Observation::job).collect(Collectors.toSet());
        facts.put("acknowledged", history.acknowledged().size());
        facts.put("lost", without(history.acknowledged(), there));
        List<Integer> doubled = without(there, history.acknowledged());
        doubled.addAll(history.doubled());
        facts.put("doubled", doubled);
        facts.put("answers", result.observations());
        facts.put(
                "requests_cut_off",
                history.changes().stream()
                        .filter(change -> change.status() == 0)
                        .collect(Collectors.groupingBy(Change::action, TreeMap::new, Collectors.counting())));
        facts.put("contradictions", result.contradictions());
    }

    private static List<Integer> without(Set<Integer> some, Set<Integer> others) {
        var left = new TreeSet<>(some);
        left.removeAll(others);
        return new ArrayList<>(left);
    }

    /** @param damaged jobs whose output is not whole; the folder has a line for each life of each job */
    void longJobs(List<Integer> damaged, Path folder) throws IOException {
        facts.put("output_damaged", damaged);
        var twice = new ArrayList<Integer>();
        for (Observation job : end) {
            Path file = folder.resolve("ran." + job.job());
            List<String> lives = Files.exists(file) ? Files.readAllLines(file) : List.of();
            if (Set.copyOf(lives).size() < lives.size()) {
                twice.add(job.job());
            }
        }
        facts.put("run_twice", twice);
        facts.put(
                "end_wrong",
                end.stream()
                        .filter(job -> !isRightEnd(job))
                        .map(Observation::job)
                        .toList());
    }

    /** A job's exit code tells its number; nothing but a client ends it. */
    private static boolean isRightEnd(Observation job) {
        long code = job.job() % 3;
        return switch (job.state()) {
            case "COMPLETED" -> code == 0;
            case "FAILED" -> code != 0 && JsonObject.of(job.facts()).number("exit_code") == code;
            case "CANCELLED" -> true;
            default -> false;
        };
    }

    /** Counts what the last event says that was on disk when a cut fell right after a commit. */
    void cuts(List<Cut> cuts, RealHvmd hvmd) throws IOException {
        TreeMap<Instant, String> events = events(hvmd);
        facts.put("journal_cuts", cuts.size());
        facts.put(
                "journal_cuts_after",
                cuts.stream()
                        .filter(cut -> cut.when().equals("after"))
                        .map(cut -> {
                            Map.Entry<Instant, String> last = events.floorEntry(cut.end());
                            return last == null || last.getKey().isBefore(cut.start()) ? "start" : last.getValue();
                        })
                        .collect(Collectors.groupingBy(what -> what, TreeMap::new, Collectors.counting())));
    }

    private static TreeMap<Instant, String> events(RealHvmd hvmd) throws IOException {
        var events = new TreeMap<Instant, String>();
        JsonObject page = KillSweep.ask(hvmd, "/v1/events?limit=1000");
        while (!page.objects("events").isEmpty()) {
            for (JsonObject event : page.objects("events")) {
                String what = event.text("kind");
                if (what.equals("job.state")) {
                    JsonObject told = event.object("facts");
                    what = (told.flag("held") ? "held " : "") + told.text("state");
                }
                events.put(Instant.parse(event.text("time")), what);
            }
            page = KillSweep.ask(hvmd, "/v1/events?limit=1000&after=" + page.number("next"));
        }
        return events;
    }

    void stopped(long vms) {
        facts.put("vms_stopped", vms);
    }

    /** It came to no end. */
    void failed(String why) {
        facts.put("failure", why);
    }

    /** Writes kill-sweep.json and kill-sweep.md. @return whether all is as it must be */
    boolean report(Path folder) throws IOException {
        facts.put("seconds", seconds());
        Files.writeString(folder.resolve("kill-sweep.json"), Json.writePretty(facts) + "\n");
        var text = new StringBuilder("| kill -9 of hvmd | |\n| --- | --- |\n");
        facts.forEach((what, value) -> text.append("| %s | %s |\n".formatted(what, shown(value))));
        Files.writeString(folder.resolve("kill-sweep.md"), text);
        System.out.print(text);
        if (facts.get("contradictions") instanceof List<?> contradictions) {
            contradictions.stream().limit(SHOWN).forEach(System.out::println);
        }
        return FAULTS.stream().allMatch(fault -> isNothing(facts.get(fault))) && !facts.containsKey("failure");
    }

    private static Object shown(Object value) {
        if (value instanceof List<?> list) {
            return list.size();
        }
        return value instanceof Map<?, ?> map
                ? map.entrySet().stream()
                        .map(entry -> entry.getKey() + " " + entry.getValue())
                        .collect(Collectors.joining(", "))
                : String.valueOf(value).lines().findFirst().orElse("");
    }

    private static boolean isNothing(Object value) {
        return value instanceof List<?> list
                ? list.isEmpty()
                : value instanceof Number number && number.longValue() == 0;
    }

    private long seconds() {
        return (System.nanoTime() - start) / 1_000_000_000;
    }

    private static long median(List<Long> times) {
        return times.stream().sorted().toList().get(times.size() / 2);
    }

    private static long most(List<Long> times) {
        return times.stream().max(Long::compare).orElseThrow();
    }
}
