// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.hybridvm.HvmException;
import org.hybridvm.event.Events;
import org.hybridvm.layout.Health;
import org.hybridvm.layout.Layout;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is done when an HRT partition hangs or fails: its jobs are told, a dump is kept, and then the layout's policy holds. A
 * partition that fails again and again is left as it is. Hears of states from the agent's channel, which it does not block;
 * all else is done on threads of its own, one for each failure.
 */
final class PartitionCare {
    private static final Logger LOG = LoggerFactory.getLogger(PartitionCare.class);
    private static final int MOST_REBOOTS = 3;
    private static final Duration REBOOTS_WITHIN = Duration.ofMinutes(10);

    private final DumpStore dumps;
    private final Events events;
    private final Clock clock;
    private final Hands hands;
    private final Map<String, String> states = new ConcurrentHashMap<>();
    private final Map<String, Deque<Instant>> reboots = new ConcurrentHashMap<>();

    PartitionCare(DumpStore dumps, Events events, Clock clock, Hands hands) {
        this.dumps = dumps;
        this.events = events;
        this.clock = clock;
        this.hands = hands;
    }

    /** What it needs of the VMs. */
    interface Hands {
        /** Numbers of the jobs on a partition. Does not block. */
        List<Integer> jobsOn(String vm, String partition);

        /** Blocks. */
        void destroy(String vm);

        /** What dumps are made with. Blocks. */
        DumpMaker maker(Vm vm, Guest guest, Layout.Hrt partition);

        List<String> console(String vm);
    }

    /** One failure of a partition. */
    private record Failure(
            Vm vm, Guest guest, Layout.Hrt partition, int firstCpu, String state, int dump, List<Integer> jobs) {
        String path() {
            return vm.name() + "/" + partition.name();
        }

        Health.OnHung policy() {
            return partition.health().onHung();
        }

        String reason() {
            return "the HRT partition " + path()
                    + (state.equals("HUNG")
                            ? " is HUNG: a core gave no sign of life"
                            : " FAILED: its kernel panicked or did not boot")
                    + "; hvm dump " + dump + " shows what was kept";
        }
    }

    /** The VM is gone. */
    void forget(String vm) {
        states.keySet().removeIf(path -> path.startsWith(vm + "/"));
    }

    /** The agent told a partition's state. Does not block. */
    void changed(Vm vm, Guest guest, String name, String state) {
        Layout layout = vm.record().layout();
        int firstCpu = layout.linux().cores();
        for (Layout.Hrt partition : layout.partitions()) {
            if (partition.name().equals(name)) {
                changed(vm, guest, partition, firstCpu, state);
                return;
            }
            firstCpu += partition.cores();
        }
    }

    private void changed(Vm vm, Guest guest, Layout.Hrt partition, int firstCpu, String state) {
        String path = vm.name() + "/" + partition.name();
        String before = states.put(path, state);
        if (state.equals(before) || vm.record().phase().isBooting()) {
            return; // a launch looks for itself
        }
        if (!state.equals("HUNG") && !state.equals("FAILED")) {
            if (before != null) {
                events.publish("partition.state", "vm/" + path, Map.of("state", state));
            }
            return;
        }
        if (state.equals("FAILED") && "HUNG".equals(before)) {
            return; // one and the same failure: its cores were stopped for the dump, or it did not boot again
        }
        var failure = new Failure(
                vm, guest, partition, firstCpu, state, dumps.reserve(), hands.jobsOn(vm.name(), partition.name()));
        begin(failure);
    }

    private void begin(Failure failure) {
        LOG.error("partition {} vm={} reason={}", failure.state(), failure.vm().name(), failure.reason());
        if (failure.state().equals("FAILED") || failure.policy() != Health.OnHung.REPORT) {
            failure.guest().doom(failure.partition().name(), failure.reason());
        }
        var facts = new LinkedHashMap<String, Object>();
        facts.put("state", failure.state());
        facts.put("dump", failure.dump());
        facts.put("jobs", failure.jobs());
        facts.put("policy", failure.policy().name().toLowerCase(Locale.ROOT));
        events.publish("partition." + failure.state().toLowerCase(Locale.ROOT), "vm/" + failure.path(), facts);
        Thread.ofPlatform().daemon().name("care " + failure.path()).start(() -> care(failure));
    }

    private void care(Failure failure) {
        try {
            keep(failure);
            act(failure);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOG.error("a partition is not mended partition={}", failure.path(), e);
            events.publish(
                    "partition.unmended", "vm/" + failure.path(), Map.of("reason", String.valueOf(e.getMessage())));
        }
    }

    private void keep(Failure failure) throws InterruptedException {
        DumpMaker maker = hands.maker(failure.vm(), failure.guest(), failure.partition());
        var facts = new LinkedHashMap<String, Object>();
        facts.put("dump", failure.dump());
        facts.put("vm", failure.vm().name());
        facts.put("partition", failure.partition().name());
        facts.put("state", failure.state());
        facts.put("time", clock.instant().toString());
        facts.put("jobs", failure.jobs());
        facts.put("policy", failure.policy().name().toLowerCase(Locale.ROOT));
        maker.gather(
                failure.partition().name(),
                failure.firstCpu(),
                failure.partition().cores(),
                hands.console(failure.vm().name()));
        facts.putAll(maker.facts());
        dumps.keep(failure.dump(), facts, maker.texts());
        LOG.info("a dump is kept number={} partition={}", failure.dump(), failure.path());
    }

    private void act(Failure failure) {
        switch (failure.policy()) {
            case REPORT -> {}
            case REBOOT -> reboot(failure);
            case DESTROY -> hands.destroy(failure.vm().name());
        }
    }

    private void reboot(Failure failure) {
        if (!mayReboot(failure.path())) {
            String reason = "it failed more than %d times within %d minutes; hvm reboot --force %s tries again"
                    .formatted(MOST_REBOOTS, REBOOTS_WITHIN.toMinutes(), failure.path());
            LOG.error("partition is left as it is partition={} reason={}", failure.path(), reason);
            events.publish("partition.unmended", "vm/" + failure.path(), Map.of("reason", reason));
            return;
        }
        // The agent may have been replaced meanwhile.
        Optional<Guest> guest = failure.vm().guest();
        Guest.Partition booted =
                guest.orElse(failure.guest()).reboot(failure.partition().name(), true);
        LOG.info("partition was booted anew partition={} state={}", failure.path(), booted.state());
        events.publish(
                "partition.rebooted", "vm/" + failure.path(), Map.of("state", booted.state(), "dump", failure.dump()));
    }

    private boolean mayReboot(String path) {
        Deque<Instant> past = reboots.computeIfAbsent(path, key -> new ArrayDeque<>());
        synchronized (past) {
            Instant now = clock.instant();
            past.removeIf(each -> each.isBefore(now.minus(REBOOTS_WITHIN)));
            past.add(now);
            return past.size() <= MOST_REBOOTS;
        }
    }

    /** Tells the agent how to watch the partitions. Blocks. */
    static void watch(Vm vm, Guest guest) {
        for (Layout.Hrt partition : vm.record().layout().partitions()) {
            try {
                guest.watch(partition.name(), partition.health());
            } catch (HvmException e) {
                LOG.warn("a partition is not watched vm={} reason={}", vm.name(), e.getMessage());
            }
        }
    }
}
