// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * The processors and memory of this host, as Linux tells them in {@code /sys} and {@code /proc}.
 *
 * @param cores online CPUs, ascending
 * @param siblings for each of {@code cores}, the CPUs that share its physical core, itself included
 * @param memory bytes in all
 * @param availableMemory bytes that new programs can get without swapping
 */
public record HostTopology(List<Integer> cores, List<Set<Integer>> siblings, long memory, long availableMemory) {
    /** Reads them anew. */
    public static HostTopology read() {
        return read(Path.of("/sys/devices/system/cpu"), Path.of("/proc/meminfo"));
    }

    static HostTopology read(Path cpus, Path meminfo) {
        try {
            List<Integer> cores = parseList(Files.readString(cpus.resolve("online")));
            List<Set<Integer>> siblings = new ArrayList<>();
            for (int core : cores) {
                Path file = cpus.resolve("cpu" + core + "/topology/thread_siblings_list");
                siblings.add(Files.exists(file) ? new TreeSet<>(parseList(Files.readString(file))) : Set.of(core));
            }
            List<String> memory = Files.readAllLines(meminfo);
            return new HostTopology(cores, siblings, kibibytes(memory, "MemTotal"), kibibytes(memory, "MemAvailable"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The kernel's lists of CPUs: {@code 0-3,8}. */
    static List<Integer> parseList(String text) {
        List<Integer> list = new ArrayList<>();
        for (String range : text.strip().split(",")) {
            if (range.isEmpty()) {
                continue;
            }
            String[] ends = range.split("-");
            for (int cpu = Integer.parseInt(ends[0]); cpu <= Integer.parseInt(ends[ends.length - 1]); cpu++) {
                list.add(cpu);
            }
        }
        return list;
    }

    private static long kibibytes(List<String> meminfo, String name) {
        return meminfo.stream()
                .filter(line -> line.startsWith(name + ":"))
                .map(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024)
                .findFirst()
                .orElse(0L);
    }
}
