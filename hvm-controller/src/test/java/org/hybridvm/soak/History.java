// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.soak;

import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/** What clients did and were told. May be used from any thread. */
final class History {
    private final Queue<Observation> observations = new ConcurrentLinkedQueue<>();
    private final Queue<Change> changes = new ConcurrentLinkedQueue<>();
    private final Queue<String> strange = new ConcurrentLinkedQueue<>();
    private final Set<Integer> acknowledged = ConcurrentHashMap.newKeySet();
    private final Queue<Integer> doubled = new ConcurrentLinkedQueue<>();

    void seen(Observation observation) {
        observations.add(observation);
    }

    void changed(Change change) {
        changes.add(change);
    }

    /** A submission was answered. */
    void acknowledged(int job) {
        if (!acknowledged.add(job)) {
            doubled.add(job);
        }
    }

    /** An answer that nobody should get. */
    void strange(String answer) {
        strange.add(answer);
    }

    List<Observation> observations() {
        return List.copyOf(observations);
    }

    List<Change> changes() {
        return List.copyOf(changes);
    }

    List<String> strange() {
        return List.copyOf(strange);
    }

    Set<Integer> acknowledged() {
        return Set.copyOf(acknowledged);
    }

    /** Numbers that two submissions were answered. */
    List<Integer> doubled() {
        return List.copyOf(doubled);
    }
}
