// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.host.HostCalls;
import org.hybridvm.ipc.HrtCallException;
import org.hybridvm.ipc.HrtFunction;
import org.hybridvm.ipc.HrtFunctions;

/** What a call from the host to an HRT core costs, beside what the host's own kernel costs, one batch by turns. */
final class HostCallBench {
    private static final int BATCHES = 51;
    private static final int CALLS = 500;
    private static final int HAND_OFFS = 100;
    private static final int WARM_UP = 20_000;

    private HostCallBench() {}

    /** Adds {@code host.call} and {@code host.call.kernel} to the metrics of a VM, which {@code facts} names, if it has a window. */
    static Map<String, Object> addTo(Map<String, Object> facts, FunctionServers servers) {
        String vm = facts.get("vm").toString();
        if (!servers.hasWindow(vm)) {
            return facts;
        }
        var metrics = new ArrayList<Object>((List<?>) facts.get("metrics"));
        metrics.addAll(measure(servers, vm));
        facts.put("metrics", metrics);
        return facts;
    }

    private static List<Map<String, Object>> measure(FunctionServers servers, String vm) {
        Path window = Path.of(
                servers.require(vm, Optional.empty(), List.of()).get("window").toString());
        try (HrtFunctions functions = HrtFunctions.open(window);
                HostCalls host = HostCalls.open()) {
            HrtFunction function = functions.find("null");
            for (int i = 0; i < WARM_UP; i++) {
                functions.callWords(function);
                host.parentId();
            }
            var call = new double[BATCHES];
            var handOff = new double[BATCHES];
            var kernel = new double[BATCHES];
            for (int i = 0; i < BATCHES; i++) {
                call[i] = batch(CALLS, () -> functions.callWords(function));
                handOff[i] = batch(HAND_OFFS, host::handOff) / 2; // there and back is two of them
                kernel[i] = batch(CALLS, host::parentId);
            }
            return List.of(
                    metric("host.call", call, "eventfd hand-off between two threads of the host", handOff),
                    metric("host.call.kernel", call, "getppid on the host", kernel));
        } catch (HrtCallException e) {
            throw HvmException.of(ErrorCode.GUEST_LOST, e.getMessage())
                    .owner(vm)
                    .cause(e)
                    .build();
        } finally {
            servers.retire(vm);
        }
    }

    /** Nanoseconds for one. */
    private static double batch(int count, LongSupplier action) {
        long start = System.nanoTime();
        for (int i = 0; i < count; i++) {
            action.getAsLong();
        }
        return (double) (System.nanoTime() - start) / count;
    }

    private static Map<String, Object> metric(String name, double[] values, String beside, double[] peers) {
        Arrays.sort(values);
        Arrays.sort(peers);
        var metric = new LinkedHashMap<String, Object>();
        metric.put("name", name);
        metric.put("value", values[BATCHES / 2]);
        metric.put("unit", "ns");
        metric.put("p10", values[BATCHES / 10]);
        metric.put("p90", values[BATCHES * 9 / 10]);
        metric.put("beside", beside);
        metric.put("beside_value", peers[BATCHES / 2]);
        metric.put("ratio", values[BATCHES / 2] / peers[BATCHES / 2]);
        return metric;
    }
}
