// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import org.hybridvm.vm.NodeLoad;

/** Whose a host core is. */
final class CoreOwner {
    /** Shared by Linux partitions and QEMU's own threads. */
    static final String HOUSEKEEPING = "housekeeping";

    static final String FREE = "free";

    private CoreOwner() {}

    /** {@code VM/PARTITION} for an HRT partition's own core, else {@value #HOUSEKEEPING} or {@value #FREE}. */
    static String of(NodeLoad load, int core) {
        boolean shared = false;
        for (NodeLoad.OfVm vm : load.vms()) {
            shared |= vm.housekeeping().contains(core);
            for (NodeLoad.OfPartition partition : vm.partitions()) {
                boolean uses = partition.vcpus().stream().anyMatch(vcpu -> vcpu.hostCore() == core);
                if (uses && partition.hrt()) {
                    return vm.name() + "/" + partition.name();
                }
                shared |= uses;
            }
        }
        return shared ? HOUSEKEEPING : FREE;
    }
}
