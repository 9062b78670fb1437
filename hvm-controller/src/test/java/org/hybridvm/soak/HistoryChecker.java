// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.soak;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.hybridvm.job.JobBooks;

/**
 * Looks for contradictions in a history, job by job, by the real-time order of what clients were told: whatever was told before
 * a question was asked must not be taken back by its answer (linearizability of a register that only grows; Herlihy and Wing
 * 1990).
 */
final class HistoryChecker {
    private final History history;
    private final List<String> found = new ArrayList<>();

    HistoryChecker(History history) {
        this.history = history;
        found.addAll(history.strange());
    }

    /**
     * The contradictions, in words.
     *
     * @param end all jobs, when everything was over
     * @param events of all jobs, by their numbers
     * @param folder where each job has left a line for each of its lives
     */
    List<String> check(List<Observation> end, TreeMap<Long, Observation> events, Path folder) throws IOException {
        Map<Integer, Observation> ends = end.stream().collect(Collectors.toMap(Observation::job, job -> job));
        checkNumbers(ends.keySet());
        Map<Integer, List<Observation>> byJob = new TreeMap<>();
        history.observations()
                .forEach(one -> byJob.computeIfAbsent(one.job(), job -> new ArrayList<>())
                        .add(one));
        end.forEach(one ->
                byJob.computeIfAbsent(one.job(), job -> new ArrayList<>()).add(one));
        byJob.values().forEach(this::checkOrder);
        byJob.values().forEach(this::checkTags);
        byJob.forEach(this::checkHolds);
        for (Observation one : end) {
            checkLives(one);
            checkMarks(one, folder);
        }
        checkEvents(ends, events);
        return found;
    }

    private void checkNumbers(Set<Integer> there) {
        var vanished = new TreeSet<>(history.acknowledged());
        vanished.removeAll(there);
        var unasked = new TreeSet<>(there);
        unasked.removeAll(history.acknowledged());
        int tooMany = Math.max(0, history.acknowledged().size() - JobBooks.KEPT_JOBS);
        expect(vanished.size() <= tooMany, "acknowledged jobs have vanished: " + vanished);
        expect(unasked.isEmpty(), "jobs that nobody submitted: " + unasked);
        expect(history.doubled().isEmpty(), "numbers given twice: " + history.doubled());
    }

    /** What was told before the question is not taken back; an end stays as it is. */
    private void checkOrder(List<Observation> job) {
        var byAsked = job.stream()
                .sorted(Comparator.comparingLong(Observation::asked))
                .toList();
        var byTold =
                job.stream().sorted(Comparator.comparingLong(Observation::told)).toList();
        int next = 0;
        Observation latest = null;
        for (Observation one : byAsked) {
            while (next < byTold.size() && byTold.get(next).told() < one.asked()) {
                Observation told = byTold.get(next++);
                latest = latest == null || told.progress() >= latest.progress() ? told : latest;
            }
            expect(
                    latest == null || one.progress() >= latest.progress(),
                    "it went back: " + latest + "\n  then " + one);
        }
        var ends = new HashMap<Integer, Observation>();
        for (Observation one : byTold) {
            if (one.isTerminal()) {
                Observation first = ends.putIfAbsent(one.restarts(), one);
                expect(
                        first == null || first.facts().equals(one.facts()),
                        "two ends of a life: " + first + "\n  then " + one);
            }
        }
    }

    /** One tag, one representation. Why a job waits is told beside it. */
    private void checkTags(List<Observation> job) {
        var byTag = new HashMap<String, Map<String, Object>>();
        for (Observation one : job) {
            if (!one.tag().isEmpty()) {
                var facts = new HashMap<>(one.facts());
                if (!one.isTerminal()) {
                    facts.remove("reason");
                }
                Map<String, Object> first = byTag.putIfAbsent(one.tag(), facts);
                expect(first == null || first.equals(facts), "a tag of two states: " + first + "\n  then " + one);
            }
        }
    }

    /** A hold or a release that was acknowledged lasts until somebody asks for something else. */
    private void checkHolds(int job, List<Observation> seen) {
        List<Change> changes = history.changes().stream()
                .filter(change -> change.job() == job && change.mayHaveHappened())
                .toList();
        for (Observation one : seen) {
            List<Change> before = changes.stream()
                    .filter(change -> change.asked() < one.told())
                    .toList();
            before.stream()
                    .filter(change -> change.status() == 200 && change.told() < one.asked())
                    .max(Comparator.comparingLong(Change::asked))
                    .filter(last ->
                            last.action().equals("hold") || last.action().equals("release"))
                    .filter(last -> before.stream()
                            .allMatch(other -> other == last || other.told() < last.asked() && other.status() != 0))
                    .filter(last -> one.state().equals("PENDING"))
                    .ifPresent(last -> expect(
                            one.held() == last.action().equals("hold"), "not as asked: " + last + "\n  then " + one));
        }
    }

    /** Nothing begins a new life but a requeue, and each begins one at most. */
    private void checkLives(Observation end) {
        long requeues = history.changes().stream()
                .filter(change ->
                        change.job() == end.job() && change.action().equals("requeue") && change.mayHaveHappened())
                .count();
        expect(end.isTerminal(), "it never ended: " + end);
        expect(end.restarts() <= requeues, "more lives than requeues, " + requeues + ": " + end);
    }

    /** What the job itself has left behind: each life ran once at most, a completed one once, one that never started not. */
    private void checkMarks(Observation end, Path folder) throws IOException {
        Path file = folder.resolve("ran." + end.job());
        List<String> marks = Files.exists(file) ? Files.readAllLines(file) : List.of();
        String last = String.valueOf(end.restarts());
        expect(Set.copyOf(marks).size() == marks.size(), "a life ran twice, " + marks + ": " + end);
        expect(marks.stream().allMatch(mark -> Integer.parseInt(mark) <= end.restarts()), "lives not known: " + marks);
        if (end.state().equals("COMPLETED") || end.state().equals("FAILED")) {
            expect(marks.contains(last), "it is said to have run, and has not: " + end);
        } else if (!end.facts().containsKey("started")) {
            expect(!marks.contains(last), "it ran though it was cancelled before: " + end);
        }
    }

    /** Numbers without a gap, and each job's last event tells its end. */
    private void checkEvents(Map<Integer, Observation> ends, TreeMap<Long, Observation> events) {
        long expected = events.isEmpty() ? 0 : events.firstKey();
        var last = new HashMap<Integer, Observation>();
        for (var event : events.entrySet()) {
            expect(event.getKey() == expected, "events " + expected + " to " + (event.getKey() - 1) + " are missing");
            expected = event.getKey() + 1;
            Observation told = event.getValue();
            if (told == null) {
                continue; // of something else than a job
            }
            Observation before = last.put(told.job(), told);
            expect(
                    before == null || told.progress() >= before.progress(),
                    "events go back: " + before + "\n  then " + told);
        }
        ends.forEach((job, end) -> expect(
                last.containsKey(job)
                        && last.get(job).state().equals(end.state())
                        && last.get(job).restarts() == end.restarts()
                        && Objects.equals(
                                last.get(job).facts().get("exit_code"),
                                end.facts().get("exit_code")),
                "the last event is not the end: " + last.get(job) + "\n  then " + end));
    }

    private void expect(boolean holds, String otherwise) {
        if (!holds) {
            found.add(otherwise);
        }
    }
}
