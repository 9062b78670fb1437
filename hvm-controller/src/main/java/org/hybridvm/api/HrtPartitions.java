// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.util.Optional;
import java.util.stream.Collectors;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.layout.Layout;
import org.hybridvm.vm.VmView;

/** The HRT partitions that a VM's layout declares. */
final class HrtPartitions {
    /** The partition that is none of them. */
    static final String LINUX = "linux";

    private HrtPartitions() {}

    /** Refuses a name that none of them has. */
    static void require(VmView view, String partition) {
        if (view.layout().partitions().stream().anyMatch(hrt -> hrt.name().equals(partition))) {
            return;
        }
        throw HvmException.of(ErrorCode.NO_SUCH_PARTITION, "No such HRT partition")
                .value(partition)
                .allowed(names(view.layout()))
                .owner(view.name())
                .hint(
                        partition.equals(LINUX)
                                ? "Linux is booted anew by hvm destroy and hvm launch"
                                : "hvm info " + view.name())
                .build();
    }

    /** The one that was asked for, or the first. */
    static String orFirst(VmView view, Optional<String> partition) {
        String name = partition.orElse(view.layout().partitions().getFirst().name());
        require(view, name);
        return name;
    }

    private static String names(Layout layout) {
        return layout.partitions().stream().map(Layout.Hrt::name).collect(Collectors.joining(", "));
    }
}
