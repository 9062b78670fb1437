// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;

/**
 * Who has the cores of one HRT partition, and who waits for them. First come, first served: a small job does not pass a
 * large one that waits, so none starves. Starters are called without the lock.
 */
final class CoreQueue {
    private record Waiter(int job, int cores, Runnable starter) {}

    private final Object lock = new Object();
    private final Map<Integer, Integer> holders = new LinkedHashMap<>();
    private final Queue<Waiter> waiters = new ArrayDeque<>();
    private int total; // of the partition, when somebody last asked for cores

    /** Takes cores for a job that has them already, by what another hvmd did. */
    void adopt(int job, int cores) {
        synchronized (lock) {
            holders.put(job, cores);
        }
    }

    /**
     * Calls {@code starter} as soon as {@code cores} cores are free, which may be before this returns.
     *
     * @param total cores of the partition
     * @return the jobs in the way if it has to wait, otherwise nothing
     */
    List<Integer> acquire(int job, int cores, int total, Runnable starter) {
        synchronized (lock) {
            this.total = total;
            if (!waiters.isEmpty() || held() + cores > total) {
                List<Integer> inTheWay = inTheWay();
                waiters.add(new Waiter(job, cores, starter));
                return inTheWay;
            }
            holders.put(job, cores);
        }
        starter.run();
        return List.of();
    }

    /** The same for a job that does not wait: if there are jobs in the way, it gets nothing. */
    List<Integer> tryAcquire(int job, int cores, int total) {
        synchronized (lock) {
            this.total = total;
            if (!waiters.isEmpty() || held() + cores > total) {
                return inTheWay();
            }
            holders.put(job, cores);
            return List.of();
        }
    }

    /** Gives back what the job has, or takes it out of the queue. */
    void release(int job) {
        var startable = new ArrayList<Runnable>();
        synchronized (lock) {
            holders.remove(job);
            waiters.removeIf(waiter -> waiter.job == job);
            Iterator<Waiter> next = waiters.iterator();
            while (next.hasNext()) {
                Waiter waiter = next.next();
                if (held() + waiter.cores > total) {
                    break;
                }
                next.remove();
                holders.put(waiter.job, waiter.cores);
                startable.add(waiter.starter);
            }
        }
        startable.forEach(Runnable::run);
    }

    private List<Integer> inTheWay() {
        var jobs = new ArrayList<>(holders.keySet());
        waiters.forEach(waiter -> jobs.add(waiter.job));
        return jobs;
    }

    private int held() {
        return holders.values().stream().mapToInt(Integer::intValue).sum();
    }
}
