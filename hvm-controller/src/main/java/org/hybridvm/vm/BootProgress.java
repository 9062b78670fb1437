// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.hybridvm.layout.BootPhase;
import org.hybridvm.layout.Layout;

/**
 * How far a guest has booted. Before its agent answers nothing but its serial console tells: the agent prints a line when it
 * has done a step. What a guest prints decides only which phase is named and which limit holds, so one that lies hurts
 * itself alone.
 */
final class BootProgress {
    private final List<Step> steps = new ArrayList<>();
    private final BootLimits limits;
    private final Queue<Done> done = new ArrayDeque<>();
    private int at;
    private long since;

    /**
     * A step of the boot.
     *
     * @param name as people read it
     * @param stamp what the agent says at its end, empty for the last one
     */
    private record Step(BootPhase phase, String name, String stamp) {}

    private record Done(String name, long milliseconds) {}

    /** A phase was not over at its limit. */
    static final class Overdue extends Exception {
        private final String phase;

        private Overdue(Step step, Duration limit) {
            super("not done within " + org.hybridvm.layout.TimeSpan.format(limit) + " (boot."
                    + step.phase().word() + " of the layout)");
            this.phase = step.name();
        }

        String phase() {
            return phase;
        }
    }

    BootProgress(Layout layout, BootLimits limits) {
        this.limits = limits;
        steps.add(new Step(BootPhase.KERNEL, BootPhase.KERNEL.title(), "init"));
        steps.add(new Step(BootPhase.INIT, BootPhase.INIT.title(), "mounts"));
        steps.add(new Step(BootPhase.MODULE, BootPhase.MODULE.title(), "module"));
        for (Layout.Hrt hrt : layout.partitions()) {
            steps.add(new Step(BootPhase.PARTITION, partition(hrt.name()), "partition " + hrt.name()));
        }
        steps.add(new Step(BootPhase.AGENT, BootPhase.AGENT.title(), ""));
    }

    /** The name of the phase in which a partition boots. */
    static String partition(String name) {
        return BootPhase.PARTITION.title() + " " + name;
    }

    /** From now on the first phase's time runs. */
    synchronized void begin() {
        since = System.nanoTime();
    }

    /** A line of the console. */
    synchronized void line(String line) {
        for (int i = at; i < steps.size() - 1; i++) {
            if (line.contains("hvm-agent: " + steps.get(i).stamp() + " at ")) {
                advance(i + 1);
                return;
            }
        }
    }

    /** The phase under way, as people read it. */
    synchronized String phase() {
        return steps.get(at).name();
    }

    /** All limits together. */
    Duration total() {
        return steps.stream().map(step -> limits.of(step.phase())).reduce(Duration.ZERO, Duration::plus);
    }

    /**
     * Waits for the guest's answer, and tells of each phase as it begins and ends.
     *
     * @throws Overdue if a phase is not over at its limit
     */
    void await(CompletableFuture<?> answer, BootObserver observer) throws Overdue, InterruptedException {
        answer.whenComplete((guest, failure) -> wake());
        String told = "";
        while (!answer.isDone()) {
            String now = phase();
            if (!now.equals(told)) {
                observer.begin(now);
                told = now;
            }
            awaitChange(answer);
            tell(observer);
        }
        tell(observer);
    }

    private synchronized void wake() {
        notifyAll();
    }

    private synchronized void awaitChange(CompletableFuture<?> answer) throws Overdue, InterruptedException {
        int before = at;
        while (at == before && !answer.isDone()) {
            Step step = steps.get(at);
            Duration limit = limits.of(step.phase());
            long left = limit.toNanos() - (System.nanoTime() - since);
            if (left <= 0) {
                throw new Overdue(step, limit);
            }
            wait(TimeUnit.NANOSECONDS.toMillis(left) + 1);
        }
    }

    private void tell(BootObserver observer) {
        for (Done next = take(); next != null; next = take()) {
            observer.end(next.name(), next.milliseconds());
        }
    }

    private synchronized Done take() {
        return done.poll();
    }

    private void advance(int next) {
        long now = System.nanoTime();
        done.add(new Done(steps.get(at).name(), TimeUnit.NANOSECONDS.toMillis(now - since)));
        at = next;
        since = now;
        notifyAll();
    }
}
