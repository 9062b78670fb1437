// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.hybridvm.host.HostTimes;
import org.hybridvm.vm.Guest;
import org.hybridvm.vm.NodeLoad;
import org.hybridvm.vm.VmState;

/** A host of two cores that does the same in every second; each look is a second later. */
final class FakeLoad {
    private static final long SECOND = 1_000_000_000;
    private static final AtomicLong LOOKS = new AtomicLong();

    private FakeLoad() {}

    static NodeLoad next(boolean up) {
        long n = LOOKS.incrementAndGet();
        return new NodeLoad(
                n * SECOND,
                Instant.ofEpochSecond(n),
                List.of(
                        new HostTimes.Core(0, n * SECOND / 4, n * SECOND * 3 / 4, 0),
                        new HostTimes.Core(1, n * SECOND, 0, 0)),
                8L << 30,
                6L << 30,
                up ? List.of(demo(n)) : List.of());
    }

    private static NodeLoad.OfVm demo(long n) {
        var activity = new Guest.Activity(
                "hrt",
                n,
                n * 1000,
                n * 50,
                n * 7,
                n * 5,
                n * 3,
                n * 2,
                n,
                n * 4,
                List.of(new Guest.Core("RUNNING", n * 100, n * 9)));
        return new NodeLoad.OfVm(
                "demo",
                VmState.READY,
                Optional.of(4711L),
                2L << 30,
                1L << 30,
                n * SECOND / 50,
                Set.of(0),
                List.of(
                        new NodeLoad.OfPartition(
                                "linux", false, List.of(new NodeLoad.OfVcpu(0, 0, n * SECOND / 10)), Optional.empty()),
                        new NodeLoad.OfPartition(
                                "hrt", true, List.of(new NodeLoad.OfVcpu(1, 1, n * SECOND)), Optional.of(activity))),
                Map.of("processes", "12", "memory_kb", "1000000", "free_kb", "600000"));
    }
}
