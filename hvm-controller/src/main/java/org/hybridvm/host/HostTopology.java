// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The processors and memory of this host, as Linux tells them in {@code /sys} and {@code /proc}.
 *
 * @param cores online CPUs that this process may run on, ascending
 * @param siblings for each of {@code cores}, the CPUs of {@code cores} that share its physical core, itself included
 * @param nodes the NUMA nodes that have cores or memory, ascending; at least one
 * @param memory bytes in all
 * @param availableMemory bytes that new programs can get without swapping
 */
public record HostTopology(
        List<Integer> cores, List<Set<Integer>> siblings, List<Node> nodes, long memory, long availableMemory) {
    private static final Path CPUS = Path.of("sys/devices/system/cpu");
    private static final Path NODES = Path.of("sys/devices/system/node");
    private static final Path HUGE_PAGES = Path.of("sys/kernel/mm/hugepages");

    public HostTopology {
        cores = List.copyOf(cores);
        siblings = List.copyOf(siblings);
        nodes = List.copyOf(nodes);
    }

    /** A host of one NUMA node without huge pages. */
    public HostTopology(List<Integer> cores, List<Set<Integer>> siblings, long memory, long availableMemory) {
        this(cores, siblings, List.of(new Node(0, new TreeSet<>(cores), memory, Map.of())), memory, availableMemory);
    }

    /**
     * A NUMA node.
     *
     * @param cores those of the host's cores that belong to it
     * @param memory bytes
     * @param hugePages what was set aside, by the size of a page in bytes
     */
    public record Node(int number, Set<Integer> cores, long memory, Map<Long, Pages> hugePages) {}

    /** Huge pages of one size: all, and those that nobody has taken into use. */
    public record Pages(long total, long free) {
        static final Pages NONE = new Pages(0, 0);

        Pages plus(Pages other) {
            return new Pages(total + other.total, free + other.free);
        }
    }

    /** Reads them anew. */
    public static HostTopology read() {
        return read(Path.of("/"));
    }

    /** @param root below which {@code sys} and {@code proc} lie */
    public static HostTopology read(Path root) {
        try {
            List<Integer> cores = cores(root);
            List<Set<Integer>> siblings = new ArrayList<>();
            for (int core : cores) {
                siblings.add(siblings(root, core, cores));
            }
            List<String> memory = Files.readAllLines(root.resolve("proc/meminfo"));
            long total = kibibytes(memory, "MemTotal");
            return new HostTopology(
                    cores, siblings, nodes(root, cores, total), total, kibibytes(memory, "MemAvailable"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The cores that share a physical core with this one, itself included. */
    public Set<Integer> siblingsOf(int core) {
        int index = cores.indexOf(core);
        return index < 0 ? Set.of(core) : siblings.get(index);
    }

    public Optional<Node> node(int number) {
        return nodes.stream().filter(node -> node.number() == number).findFirst();
    }

    public Optional<Node> nodeOf(int core) {
        return nodes.stream().filter(node -> node.cores().contains(core)).findFirst();
    }

    /** The huge pages of one size on all nodes. */
    public Pages hugePages(long size) {
        return nodes.stream()
                .map(node -> node.hugePages().getOrDefault(size, Pages.NONE))
                .reduce(Pages.NONE, Pages::plus);
    }

    /** Bytes that were set aside as huge pages, and so are nobody else's. */
    public long hugeMemory() {
        return nodes.stream().mapToLong(HostTopology::hugeMemory).sum();
    }

    static long hugeMemory(Node node) {
        return node.hugePages().entrySet().stream()
                .mapToLong(entry -> entry.getKey() * entry.getValue().total())
                .sum();
    }

    private static List<Integer> cores(Path root) throws IOException {
        List<Integer> online = parseList(Files.readString(root.resolve(CPUS).resolve("online")));
        Path status = root.resolve("proc/self/status");
        if (!Files.exists(status)) {
            return online;
        }
        Set<Integer> allowed = new HashSet<>();
        for (String line : Files.readAllLines(status)) {
            if (line.startsWith("Cpus_allowed_list:")) {
                allowed.addAll(parseList(line.substring(line.indexOf(':') + 1)));
            }
        }
        return allowed.isEmpty()
                ? online
                : online.stream().filter(allowed::contains).toList();
    }

    private static Set<Integer> siblings(Path root, int core, List<Integer> cores) throws IOException {
        Path file = root.resolve(CPUS).resolve("cpu" + core + "/topology/thread_siblings_list");
        var siblings = new TreeSet<>(Set.of(core));
        if (Files.exists(file)) {
            siblings.addAll(parseList(Files.readString(file)));
        }
        siblings.retainAll(cores);
        return siblings;
    }

    private static List<Node> nodes(Path root, List<Integer> cores, long memory) throws IOException {
        var nodes = new ArrayList<Node>();
        Path folder = root.resolve(NODES);
        if (Files.isDirectory(folder)) {
            try (DirectoryStream<Path> folders = Files.newDirectoryStream(folder, "node[0-9]*")) {
                for (Path each : folders) {
                    nodes.add(node(each, cores));
                }
            }
        }
        if (nodes.isEmpty()) {
            nodes.add(new Node(0, new TreeSet<>(cores), memory, pages(root.resolve(HUGE_PAGES))));
        }
        nodes.sort(Comparator.comparingInt(Node::number));
        return nodes;
    }

    private static Node node(Path folder, List<Integer> cores) throws IOException {
        int number = Integer.parseInt(folder.getFileName().toString().substring("node".length()));
        var own = new TreeSet<>(parseList(Files.readString(folder.resolve("cpulist"))));
        own.retainAll(cores);
        List<String> memory = Files.readAllLines(folder.resolve("meminfo")).stream()
                .map(line -> line.replaceFirst("^Node \\d+ ", ""))
                .toList();
        return new Node(number, own, kibibytes(memory, "MemTotal"), pages(folder.resolve("hugepages")));
    }

    /** Of a folder with one folder for each size (Documentation/admin-guide/mm/hugetlbpage.rst). */
    private static Map<Long, Pages> pages(Path folder) throws IOException {
        var pages = new TreeMap<Long, Pages>();
        if (!Files.isDirectory(folder)) {
            return pages;
        }
        try (DirectoryStream<Path> sizes = Files.newDirectoryStream(folder, "hugepages-*kB")) {
            for (Path size : sizes) {
                long bytes = digits(size.getFileName().toString()) * 1024;
                pages.put(
                        bytes,
                        new Pages(
                                digits(Files.readString(size.resolve("nr_hugepages"))),
                                digits(Files.readString(size.resolve("free_hugepages")))));
            }
        }
        return pages;
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
                .map(line -> digits(line.substring(name.length())) * 1024)
                .findFirst()
                .orElse(0L);
    }

    private static long digits(String text) {
        return Long.parseLong(text.replaceAll("[^0-9]", ""));
    }
}
