// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import java.util.List;
import java.util.Optional;

/** Reads {@code host:} of a layout: where on the host the VM lies. */
final class HostReader {
    static final List<String> FIELDS = List.of("policy", "cores", "numa", "hugepages", "siblings", "housekeeping");

    private static final int MAX_CORE = 65535;
    private static final int MAX_NODE = 1023;
    private static final String AUTO = "auto";

    private HostReader() {}

    static Layout.Host read(YamlObject top) {
        return top.object("host", FIELDS).map(HostReader::host).orElse(Layout.Host.AUTO);
    }

    private static Layout.Host host(YamlObject host) {
        return new Layout.Host(
                host.choice("policy", Layout.Policy.class, Layout.Host.AUTO.policy()),
                cores(host, "cores"),
                host.isText("numa", AUTO) || !host.has("numa")
                        ? Optional.empty()
                        : Optional.of(host.number("numa", 0, 0, MAX_NODE)),
                host.choice("hugepages", Layout.Hugepages.class, Layout.Host.AUTO.hugepages()),
                host.choice("siblings", Layout.Siblings.class, Layout.Host.AUTO.siblings()),
                cores(host, "housekeeping"));
    }

    private static List<Integer> cores(YamlObject host, String field) {
        return host.isText(field, AUTO)
                ? List.of()
                : host.list(field, element -> element.number(0, MAX_CORE)).orElse(List.of());
    }

    /** What the host's fields ask of others. */
    static void check(YamlObject top, Layout layout) {
        Layout.Host host = layout.host();
        if (!host.cores().isEmpty() && host.cores().size() != layout.vcpus()) {
            throw top.refuse("host-core-each", "host", "one host core for each vCPU is expected, Linux's first")
                    .value(host.cores())
                    .allowed("auto, or a list of " + layout.vcpus())
                    .build();
        }
        long page = host.hugepages().size();
        if (page > 0 && layout.memory() % page != 0) {
            throw top.refuse("hugepage-multiple", "memory", "the VM's memory is no multiple of its huge pages")
                    .value(ByteSize.format(layout.memory()))
                    .allowed("a multiple of " + host.hugepages())
                    .build();
        }
    }
}
