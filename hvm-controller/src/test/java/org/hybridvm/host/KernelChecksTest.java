// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.hybridvm.host.HostChecks.Check;
import org.hybridvm.host.HostChecks.Status;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelChecksTest {
    private static final HostTopology HOST =
            new HostTopology(List.of(0, 1), List.of(Set.of(0), Set.of(1)), 8L << 30, 4L << 30);

    @TempDir
    private Path root;

    @BeforeEach
    void aSoundHost() throws IOException {
        write("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
        write("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
        write("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "64\n");
        write("sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "60\n");
        write("proc/self/status", "Name:\tjava\nCpus_allowed_list:\t0-1\n");
        write("proc/self/limits", "Max open files            20000                20000                files\n");
        write("proc/77/comm", "chronyd\n");
    }

    @Test
    void shouldFindNothingOnASoundHost() {
        assertThat(KernelChecks.run(root, HOST)).allMatch(check -> check.status() == Status.OK);
        assertThat(check("huge pages").value()).isEqualTo("transparent: madvise; reserved 2MiB pages: 60 of 64 free");
    }

    @Test
    void shouldSeeACpusetThatKeepsVmsOffCores() throws IOException {
        write("proc/self/status", "Cpus_allowed_list:\t0\n");
        assertThat(check("processors of hvmd").value()).isEqualTo("0: not [1], which VMs cannot be placed on");
    }

    @Test
    void shouldWarnOfAllElseWithAMend() throws IOException {
        write("sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n");
        write("sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n");
        write("proc/self/limits", "Max open files            256                  4096                 files\n");
        write("proc/77/comm", "bash\n");
        for (String name : List.of("clock source", "time service", "huge pages", "open files")) {
            assertThat(check(name).status()).as(name).isEqualTo(Status.WARN);
            assertThat(check(name).mend()).as(name).isPresent();
        }
    }

    private Check check(String name) {
        return KernelChecks.run(root, HOST).stream()
                .filter(check -> check.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private void write(String file, String text) throws IOException {
        Path path = root.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }
}
