// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The queues for the cores of each partition. */
final class CoreQueues {
    private final Map<String, CoreQueue> queues = new ConcurrentHashMap<>();

    CoreQueue of(String vm, String partition) {
        return queues.computeIfAbsent(vm + "/" + partition, ignored -> new CoreQueue());
    }

    CoreQueue of(Placement placement) {
        return of(placement.machine().name(), placement.partition().name());
    }
}
