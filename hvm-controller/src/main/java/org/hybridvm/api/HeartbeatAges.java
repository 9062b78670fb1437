// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.hybridvm.vm.Guest;

/** For how long the heartbeat of each partition has stood still, as far as anybody looked. Thread-safe. */
final class HeartbeatAges {
    private record Beat(long count, long clock) {}

    private final Map<String, Beat> last = new ConcurrentHashMap<>();

    /** @return nanoseconds, 0 at the first look */
    long of(String partition, Guest.Activity activity, long clock) {
        long count = activity.cores().stream().mapToLong(Guest.Core::heartbeat).sum();
        Beat beat = last.compute(
                partition, (name, known) -> known != null && known.count() == count ? known : new Beat(count, clock));
        return Math.max(0, clock - beat.clock());
    }
}
