// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.io.IOException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reaches the agents of VMs, and reaches them again when they were lost. */
final class AgentLink {
    /** How long one try to reach an agent goes on. */
    static final Duration LIMIT = Duration.ofSeconds(30);

    private static final Logger LOG = LoggerFactory.getLogger(AgentLink.class);
    private static final Duration PAUSE = Duration.ofMillis(200);

    private final Guest.Connector connector;
    private final VmPaths paths;
    private final PartitionCare care;
    private volatile Runnable reached = () -> {};

    AgentLink(Guest.Connector connector, VmPaths paths, PartitionCare care) {
        this.connector = connector;
        this.paths = paths;
        this.care = care;
    }

    /** {@code task} is run whenever an agent that was out of reach answers, on a thread that it may block. */
    void onReached(Runnable task) {
        reached = task;
    }

    /** Tries until the agent answers, QEMU ends, or the limit is over. */
    Guest connect(Vm vm, Duration limit) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        IOException last = new IOException("no answer from the agent within " + limit.toSeconds() + " s");
        while (System.nanoTime() < deadline) {
            if (vm.state() == VmState.FAILED || vm.state() == VmState.STOPPING) {
                throw new IOException(vm.reason().isEmpty() ? "the VM was destroyed" : vm.reason());
            }
            try {
                Duration left = Duration.ofNanos(deadline - System.nanoTime());
                return connector.connect(paths.agent(vm.record()), left, listener(vm));
            } catch (IOException e) {
                last = e;
                Thread.sleep(PAUSE);
            }
        }
        throw last;
    }

    private Guest.Listener listener(Vm vm) {
        return new Guest.Listener() {
            @Override
            public void lost(String reason) {
                onLost(vm, reason);
            }

            @Override
            public void partitionChanged(Guest guest, String partition, String state) {
                care.changed(vm, guest, partition, state);
            }
        };
    }

    private void onLost(Vm vm, String why) {
        if (!vm.disconnected(why)) {
            return;
        }
        LOG.warn("the agent is lost vm={} reason={}", vm.name(), why);
        reconnect(vm);
    }

    /** Until the agent answers or the VM ends, on a thread of its own. */
    void reconnect(Vm vm) {
        Thread.ofVirtual().name("reconnect " + vm.name()).start(() -> {
            while (vm.state() == VmState.UNREACHABLE || vm.state() == VmState.STALLED) {
                try {
                    vm.awaitNoStall();
                    Guest guest = connect(vm, LIMIT);
                    vm.connected(guest);
                    LOG.info("the agent answers vm={}", vm.name());
                    reached.run();
                    PartitionCare.watch(vm, guest);
                } catch (IOException e) {
                    LOG.warn("the agent does not answer yet vm={} reason={}", vm.name(), e.getMessage());
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return;
                }
            }
        });
    }
}
