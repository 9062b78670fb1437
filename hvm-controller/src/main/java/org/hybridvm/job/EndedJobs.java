// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;

/**
 * Which jobs have ended, in the order of their ends: one that ran for a week is not the first to be forgotten because its
 * number is low. May be used from any thread.
 */
final class EndedJobs {
    private record End(Instant when, int number) {}

    private final int kept;
    private final NavigableSet<End> inOrder =
            new TreeSet<>(Comparator.comparing(End::when).thenComparing(End::number));
    private final Map<Integer, End> byNumber = new HashMap<>();

    /** @param kept how many are remembered */
    EndedJobs(int kept) {
        this.kept = kept;
    }

    /** The numbers of those that are too many with this one. */
    synchronized List<Integer> add(JobRecord record) {
        remove(record.number());
        var end = new End(record.ended().orElse(record.submitted()), record.number());
        inOrder.add(end);
        byNumber.put(end.number(), end);
        var tooMany = new ArrayList<Integer>();
        while (inOrder.size() > kept) {
            int oldest = inOrder.pollFirst().number();
            byNumber.remove(oldest);
            tooMany.add(oldest);
        }
        return tooMany;
    }

    /** The job waits again. */
    synchronized void remove(int number) {
        End end = byNumber.remove(number);
        if (end != null) {
            inOrder.remove(end);
        }
    }
}
