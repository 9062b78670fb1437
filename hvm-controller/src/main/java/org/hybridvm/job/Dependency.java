// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * What a job waits for, as sbatch(1) has it: {@code afterok:1:2,afterany:3}, joined by commas (all) or question marks
 * (any one), or {@code singleton}. What does not fit is an {@link IllegalArgumentException} that says what does.
 */
record Dependency(String text, boolean any, List<Term> terms) {
    private static final Set<String> KINDS = Set.of("after", "afterok", "afterany", "afternotok");
    private static final String ALLOWED = "after, afterok, afterany or afternotok:JOB[_TASK][:JOB...], singleton";

    record Term(String kind, JobId job) {}

    /** How it stands. */
    enum Verdict {
        MET,
        WAITS,
        /** It can no longer be met. */
        NEVER
    }

    static Dependency parse(String text) {
        boolean any = text.contains("?");
        if (any && text.contains(",")) {
            throw new IllegalArgumentException("either commas or question marks");
        }
        var terms = new ArrayList<Term>();
        for (String part : text.split("[,?]", -1)) {
            String[] words = part.split(":");
            if (part.equals("singleton")) {
                terms.add(new Term(part, JobId.of(0)));
                continue;
            }
            if (words.length < 2 || !KINDS.contains(words[0])) {
                throw new IllegalArgumentException(ALLOWED);
            }
            for (int at = 1; at < words.length; at++) {
                terms.add(new Term(
                        words[0],
                        JobId.tryParse(words[at])
                                .filter(job -> job.number() > 0)
                                .orElseThrow(() -> new IllegalArgumentException(ALLOWED))));
            }
        }
        return new Dependency(text, any, terms);
    }

    /**
     * @param tasks the jobs that are meant: one, all tasks of an array, or none if it is not known any more
     * @param alone whether no earlier job of the same name has not ended
     */
    Verdict verdict(Function<JobId, List<JobRecord>> tasks, boolean alone) {
        List<Verdict> verdicts = terms.stream()
                .map(term -> term.kind().equals("singleton")
                        ? (alone ? Verdict.MET : Verdict.WAITS)
                        : of(term.kind(), tasks.apply(term.job())))
                .toList();
        Verdict decisive = any ? Verdict.MET : Verdict.NEVER;
        if (verdicts.contains(decisive)) {
            return decisive;
        }
        return verdicts.contains(Verdict.WAITS) ? Verdict.WAITS : any ? Verdict.NEVER : Verdict.MET;
    }

    private static Verdict of(String kind, List<JobRecord> jobs) {
        if (kind.equals("after")) {
            return jobs.stream().allMatch(job -> job.state() != JobState.PENDING) ? Verdict.MET : Verdict.WAITS;
        }
        if (jobs.stream().anyMatch(job -> !job.state().isTerminal())) {
            return Verdict.WAITS;
        }
        boolean ok = !jobs.isEmpty() && jobs.stream().allMatch(job -> job.state() == JobState.COMPLETED);
        return switch (kind) {
            case "afterok" -> ok ? Verdict.MET : Verdict.NEVER;
            case "afternotok" -> ok || jobs.isEmpty() ? Verdict.NEVER : Verdict.MET;
            default -> Verdict.MET;
        };
    }
}
