// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Who has the cores of one HRT partition. Who waits for them, {@link BatchQueue} has. */
final class CoreQueue {
    private final Map<Integer, Integer> holders = new LinkedHashMap<>(); // guarded by this

    /** Takes cores for a job that has them already, by what another hvmd did. */
    synchronized void adopt(int job, int cores) {
        holders.put(job, cores);
    }

    /**
     * Takes cores for a job if they are free.
     *
     * @param total cores of the partition
     * @return nothing if it has them now, otherwise the jobs in the way
     */
    synchronized List<Integer> tryAcquire(int job, int cores, int total) {
        if (held() + cores > total) {
            return List.copyOf(holders.keySet());
        }
        holders.put(job, cores);
        return List.of();
    }

    /** Gives back what the job has, if it has some. */
    synchronized void release(int job) {
        holders.remove(job);
    }

    private int held() {
        return holders.values().stream().mapToInt(Integer::intValue).sum();
    }
}
