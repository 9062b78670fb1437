// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import java.util.List;
import java.util.Optional;
import org.hybridvm.layout.Layout;
import org.hybridvm.layout.Layout.Host;
import org.hybridvm.layout.Layout.Hugepages;
import org.hybridvm.layout.Layout.Policy;
import org.hybridvm.layout.Layout.Siblings;

/** Layouts of which only their wishes to the host matter. */
public final class Wishes {
    private final String name;
    private int linux = 1;
    private int hrt = 1;
    private long memory = 1L << 30;
    private Host host = Host.AUTO;

    private Wishes(String name) {
        this.name = name;
    }

    public static Wishes vm(String name) {
        return new Wishes(name);
    }

    public Wishes cores(int forLinux, int forHrt) {
        linux = forLinux;
        hrt = forHrt;
        return this;
    }

    public Wishes memory(long bytes) {
        memory = bytes;
        return this;
    }

    public Wishes on(Integer... cores) {
        host = new Host(
                host.policy(), List.of(cores), host.numa(), host.hugepages(), host.siblings(), host.housekeeping());
        return this;
    }

    public Wishes policy(Policy policy) {
        host = new Host(policy, host.cores(), host.numa(), host.hugepages(), host.siblings(), host.housekeeping());
        return this;
    }

    public Wishes node(int node) {
        host = new Host(
                host.policy(), host.cores(), Optional.of(node), host.hugepages(), host.siblings(), host.housekeeping());
        return this;
    }

    public Wishes hugepages(Hugepages pages) {
        host = new Host(host.policy(), host.cores(), host.numa(), pages, host.siblings(), host.housekeeping());
        return this;
    }

    public Wishes siblings(Siblings siblings) {
        host = new Host(host.policy(), host.cores(), host.numa(), host.hugepages(), siblings, host.housekeeping());
        return this;
    }

    public Wishes housekeeping(Integer... cores) {
        host = new Host(host.policy(), host.cores(), host.numa(), host.hugepages(), host.siblings(), List.of(cores));
        return this;
    }

    public Layout layout() {
        return new Layout(
                name,
                memory,
                new Layout.Linux(linux, Optional.empty(), Optional.empty(), Layout.RootFs.AUTO, ""),
                List.of(new Layout.Hrt("hrt", hrt, 64L << 20)),
                host,
                List.of(),
                Layout.Machine.AUTO,
                Layout.Acceleration.AUTO,
                Layout.DEFAULT_CONSOLE_LIMIT,
                Layout.DEFAULT_WINDOW);
    }
}
