// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.hybridvm.host.ResidentMemory;
import org.hybridvm.metrics.Family;
import org.hybridvm.metrics.Family.Type;
import org.hybridvm.metrics.Metrics;

/** hvmd's own process, by Prometheus' standard names, and its heap. Without management beans: they cost megabytes. */
final class ProcessMetrics implements Metrics.Source {
    private static final Path SELF = Path.of("/proc/self");

    @Override
    public List<Family> collect() {
        Runtime runtime = Runtime.getRuntime();
        var families = new ArrayList<Family>();
        families.add(new Family("hvm_jvm_heap_bytes", Type.GAUGE, "Heap of hvmd's JVM.")
                .add(runtime.totalMemory() - runtime.freeMemory(), "area", "used")
                .add(runtime.totalMemory(), "area", "committed")
                .add(runtime.maxMemory(), "area", "max"));
        families.add(new Family("hvm_build_info", Type.GAUGE, "Versions; the value is always 1.")
                .add(1, "version", Version.current(), "java", Runtime.version().toString()));
        ProcessHandle.Info info = ProcessHandle.current().info();
        info.startInstant()
                .ifPresent(start -> families.add(
                        new Family("process_start_time_seconds", Type.GAUGE, "When hvmd started, since the epoch.")
                                .add(start.toEpochMilli() / 1000.0)));
        info.totalCpuDuration()
                .map(Duration::toNanos)
                .ifPresent(nanos ->
                        families.add(new Family("process_cpu_seconds_total", Type.COUNTER, "Processor time of hvmd.")
                                .add(nanos / 1e9)));
        addMemory(families);
        return families;
    }

    private static void addMemory(List<Family> families) {
        ResidentMemory.of(SELF)
                .ifPresent(bytes -> families.add(
                        new Family("process_resident_memory_bytes", Type.GAUGE, "Memory of hvmd that is in RAM.")
                                .add(bytes)));
        try (var files = Files.list(SELF.resolve("fd"))) {
            families.add(
                    new Family("process_open_fds", Type.GAUGE, "Open file descriptors of hvmd.").add(files.count()));
        } catch (IOException e) {
            // no /proc: these are left out
        }
    }
}
