// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.hybridvm.host.HostChecks.Check;
import org.hybridvm.host.HostChecks.Status;

/** What the host's kernel gives to this process: time, memory pages, processors, descriptors. */
public final class KernelChecks {
    /** Each VM takes some twenty descriptors of hvmd, each job with streams three. */
    private static final long MIN_FILES = 1024;

    private static final Set<String> FAST_CLOCKS = Set.of("tsc", "kvm-clock", "hyperv_clocksource_tsc_page");
    private static final List<String> TIME_KEEPERS =
            List.of("chronyd", "ntpd", "systemd-timesyn", "ntpd-rs", "openntpd");

    private final Path root;

    private KernelChecks(Path root) {
        this.root = root;
    }

    public static List<Check> run(HostTopology host) {
        return run(Path.of("/"), host);
    }

    /** @param root where {@code proc} and {@code sys} are */
    static List<Check> run(Path root, HostTopology host) {
        var checks = new KernelChecks(root);
        return List.of(checks.clock(), checks.timeService(), checks.pages(), checks.processors(host), checks.files());
    }

    /** Everything here reads clocks all the time; one that is a device makes it slow. */
    private Check clock() {
        String source = read("sys/devices/system/clocksource/clocksource0/current_clocksource")
                .orElse("unknown");
        return FAST_CLOCKS.contains(source)
                ? ok("clock source", source)
                : warn(
                        "clock source",
                        source + ": reading it takes microseconds",
                        "boot the host with tsc=reliable, if its TSC is");
    }

    /** Start times, time limits and event times are this host's. */
    private Check timeService() {
        if (Files.exists(root.resolve("run/systemd/timesync/synchronized"))) {
            return ok("time service", "synchronised by systemd-timesyncd");
        }
        try (var processes = Files.newDirectoryStream(root.resolve("proc"), "[0-9]*")) {
            for (Path process : processes) {
                Optional<String> name = readIn(process.resolve("comm"));
                if (name.filter(TIME_KEEPERS::contains).isPresent()) {
                    return ok("time service", name.get() + " runs");
                }
            }
        } catch (IOException e) {
            // told as none
        }
        return warn(
                "time service",
                "none is seen: times of jobs and events may be off those of other hosts",
                "apt-get install chrony, or keep the clock by what your hypervisor offers");
    }

    private Check pages() {
        String modes = read("sys/kernel/mm/transparent_hugepage/enabled").orElse("[never]");
        String reserved =
                read("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages").orElse("0");
        String free =
                read("sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages").orElse("0");
        String value = "transparent: " + modes.replaceAll(".*\\[(.*)].*", "$1") + "; reserved 2MiB pages: " + free
                + " of " + reserved + " free";
        return modes.contains("[never]")
                ? warn(
                        "huge pages",
                        value + ": guests' memory is in 4KiB pages",
                        "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled")
                : ok("huge pages", value);
    }

    /** A cpuset keeps vCPUs off the cores that a placement names. */
    private Check processors(HostTopology host) {
        String allowed = read("proc/self/status")
                .flatMap(text -> text.lines()
                        .filter(line -> line.startsWith("Cpus_allowed_list:"))
                        .map(line -> line.substring(line.indexOf(':') + 1).strip())
                        .findFirst())
                .orElse("");
        var missing = new TreeSet<>(host.cores());
        missing.removeAll(HostTopology.parseList(allowed));
        return missing.isEmpty()
                ? ok("processors of hvmd", allowed)
                : warn(
                        "processors of hvmd",
                        allowed + ": not " + missing + ", which VMs cannot be placed on",
                        "start hvmd outside of the cpuset (of a container, taskset or a slice's AllowedCPUs), or name cores in host.cores");
    }

    private Check files() {
        long limit = read("proc/self/limits")
                .flatMap(text -> text.lines()
                        .filter(line -> line.startsWith("Max open files"))
                        .map(line -> line.split(" {2,}")[1])
                        .findFirst())
                .filter(text -> text.matches("[0-9]+"))
                .map(Long::parseLong)
                .orElse(Long.MAX_VALUE);
        return limit >= MIN_FILES
                ? ok("open files", "at most " + limit)
                : warn(
                        "open files",
                        "at most " + limit,
                        "ulimit -n 20000 before hvmd starts; LimitNOFILE= in its unit");
    }

    private Optional<String> read(String file) {
        return readIn(root.resolve(file));
    }

    private static Optional<String> readIn(Path file) {
        try {
            return Optional.of(Files.readString(file).strip());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static Check ok(String name, String value) {
        return new Check(name, Status.OK, value, Optional.empty());
    }

    private static Check warn(String name, String value, String mend) {
        return new Check(name, Status.WARN, value, Optional.of(mend));
    }
}
