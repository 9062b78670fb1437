// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** What is told of a launch or an apply, to all who asked for it. May be used from any thread. */
final class SharedEvents implements ApplyEvents {
    private final List<Map<String, Object>> told = new ArrayList<>(); // guarded by this
    private final List<LaunchEvents> hearers = new ArrayList<>(); // guarded by this
    private final CompletableFuture<Map<String, Object>> end = new CompletableFuture<>();

    /** Tells one more, from the beginning on. */
    synchronized void add(LaunchEvents hearer) {
        told.forEach(hearer::tell);
        hearers.add(hearer);
    }

    /** The same, until it is over. Blocks. */
    Map<String, Object> join(LaunchEvents hearer) {
        add(hearer);
        try {
            return end.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException known ? known : e;
        }
    }

    void complete(Map<String, Object> answer) {
        end.complete(answer);
    }

    void fail(RuntimeException failure) {
        end.completeExceptionally(failure);
    }

    @Override
    public synchronized void tell(Map<String, Object> event) {
        told.add(event);
        hearers.forEach(hearer -> hearer.tell(event));
    }
}
