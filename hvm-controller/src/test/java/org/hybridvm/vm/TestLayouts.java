// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.hybridvm.layout.Layout;
import org.hybridvm.layout.Layout.Acceleration;
import org.hybridvm.layout.Layout.Hrt;
import org.hybridvm.layout.Layout.Linux;
import org.hybridvm.layout.Layout.Machine;
import org.hybridvm.layout.Layout.Mount;

/** Layouts for the tests of this package. */
final class TestLayouts {
    static final long MIB = 1L << 20;
    static final long GIB = 1L << 30;

    private TestLayouts() {}

    /** A VM "demo" with one Linux core and nothing mounted. */
    static Layout demo(long memory, Hrt... partitions) {
        return new Layout(
                "demo",
                memory,
                new Linux(1, Optional.empty(), Optional.empty(), Layout.RootFs.AUTO, ""),
                List.of(partitions),
                Layout.Host.AUTO,
                List.of(),
                Machine.AUTO,
                Acceleration.AUTO,
                Layout.DEFAULT_CONSOLE_LIMIT,
                Layout.DEFAULT_WINDOW);
    }

    /** A layout in which nothing is left out. */
    static Layout full(Machine machine, Acceleration acceleration) {
        return new Layout(
                "solver-1",
                3 * GIB,
                new Linux(
                        2,
                        Optional.of(Path.of("/srv/vmlinux")),
                        Optional.of(Path.of("/srv/initramfs")),
                        Layout.RootFs.of(Path.of("/srv/rootfs")),
                        "nopti"),
                List.of(new Hrt("fast", 3, 256 * MIB), new Hrt("small", 1, 64 * MIB)),
                onCores(0, 1, 5, 4, 3, 2),
                List.of(new Mount(Path.of("/home/me/work"), false), new Mount(Path.of("/srv/data"), true)),
                machine,
                acceleration,
                64 << 10,
                32 * MIB);
    }

    static Layout withMounts(Layout layout, Mount... mounts) {
        return new Layout(
                layout.name(),
                layout.memory(),
                layout.linux(),
                layout.partitions(),
                layout.host(),
                List.of(mounts),
                layout.machine(),
                layout.acceleration(),
                layout.consoleLimit(),
                layout.window());
    }

    static Layout withHost(Layout layout, Layout.Host host) {
        return new Layout(
                layout.name(),
                layout.memory(),
                layout.linux(),
                layout.partitions(),
                host,
                layout.mounts(),
                layout.machine(),
                layout.acceleration(),
                layout.consoleLimit(),
                layout.window());
    }

    /** The host cores of the vCPUs, and else what hvmd chooses. */
    static Layout.Host onCores(Integer... cores) {
        Layout.Host auto = Layout.Host.AUTO;
        return new Layout.Host(
                auto.policy(), List.of(cores), auto.numa(), auto.hugepages(), auto.siblings(), auto.housekeeping());
    }

    static Hrt hrt(String name, long memory) {
        return new Hrt(name, 1, memory);
    }
}
