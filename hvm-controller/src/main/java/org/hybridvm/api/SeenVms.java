// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.access.Caller;

/**
 * The VMs as one caller may know of them. The others are to him as if they were not there: what is refused does not tell the
 * two apart. Calls block.
 */
final class SeenVms {
    private final VmControl vms;
    private final Caller caller;

    SeenVms(VmControl vms, Caller caller) {
        this.vms = vms;
        this.caller = caller;
    }

    List<Map<String, Object>> list() {
        Set<String> seen = vms.names(caller);
        return vms.list().stream().filter(vm -> seen.contains(vm.get("name"))).toList();
    }

    /** @throws HvmException {@link ErrorCode#NO_SUCH_VM}, also if it is there and not for him */
    void require(String vm) {
        Set<String> seen = vms.names(caller);
        if (!seen.contains(vm)) {
            throw HvmException.of(ErrorCode.NO_SUCH_VM, "There is no such VM")
                    .value(vm)
                    .allowed(seen.isEmpty() ? "none is there" : String.join(", ", seen))
                    .hint("hvm list")
                    .build();
        }
    }
}
