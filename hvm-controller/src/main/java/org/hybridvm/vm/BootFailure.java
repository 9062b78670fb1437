// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.util.List;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.host.HostChecks;

/** Says why a VM did not start: the phase, and the console's last lines. */
final class BootFailure {
    private static final int CONSOLE_LINES = 12;

    private final VmStore store;

    BootFailure(VmStore store) {
        this.store = store;
    }

    HvmException of(Vm vm, String phase, String reason) {
        if (HostChecks.qemuVersion().isEmpty()) {
            return qemuMissing(vm);
        }
        List<String> lines = ConsoleLog.lastLines(store.consoleOf(vm.name()), CONSOLE_LINES);
        var what = new StringBuilder("The VM did not start, in phase " + phase + ": " + reason);
        if (!lines.isEmpty()) {
            what.append("; the console's last lines:");
            lines.forEach(line -> what.append("\n    ").append(line));
        }
        return HvmException.of(ErrorCode.BOOT_FAILED, what.toString())
                .owner(vm.name())
                .hint("hvm doctor; hvm logs hvmd")
                .build();
    }

    private static HvmException qemuMissing(Vm vm) {
        return HvmException.of(ErrorCode.HOST_REQUIREMENT, "QEMU is not installed, or does not run")
                .value("qemu-system-x86_64")
                .owner(vm.name())
                .hint("hvm doctor")
                .build();
    }
}
