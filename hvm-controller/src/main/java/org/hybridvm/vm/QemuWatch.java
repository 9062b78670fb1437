// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.util.Optional;
import java.util.OptionalLong;
import org.hybridvm.host.ProcessWatch;
import org.hybridvm.host.QemuProcess;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sees QEMU's processes stop, go on and end. */
final class QemuWatch {
    private static final Logger LOG = LoggerFactory.getLogger(QemuWatch.class);

    private final VmRegister register;
    private final VmEnd end;

    QemuWatch(VmRegister register, VmEnd end) {
        this.register = register;
        this.end = end;
    }
    /** Its end comes by pidfd, in less than a millisecond, and by libvirt, which knows why but takes some tenths of a second. */
    void begin(Vm vm) {
        OptionalLong pid = QemuProcess.find(vm.record().uuid());
        if (pid.isEmpty()) {
            end.gone(vm, "QEMU ended at once");
            return;
        }
        ProcessWatch.begin(pid.getAsLong(), new ProcessWatch.Listener() {
            @Override
            public void stopped(long process) {
                String reason = "QEMU (process " + process + ") is stopped by a signal or a debugger; kill -CONT "
                        + process + " lets it go on";
                LOG.warn("VM is stalled vm={} reason={}", vm.name(), reason);
                vm.stall(Optional.of(reason));
            }

            @Override
            public void continued(long process) {
                LOG.info("VM goes on vm={} pid={}", vm.name(), process);
                vm.stall(Optional.empty());
            }

            @Override
            public void ended(long process) {
                end.gone(vm, "QEMU died (process " + process + " is gone)");
            }
        });
    }

    /** From libvirt's event thread. */
    void ended(Libvirt.End domain) {
        register.all().stream()
                .filter(vm -> vm.record().uuid().equals(domain.uuid()))
                .forEach(vm -> Thread.ofVirtual().name("end " + vm.name()).start(() -> {
                    String reason = switch (domain.cause()) {
                        case "CRASHED" -> "the guest's Linux panicked";
                        case "SHUTDOWN", "DESTROYED" -> "QEMU ended (" + domain.cause() + ")";
                        default -> "QEMU died (" + domain.cause() + ")";
                    };
                    end.gone(vm, reason);
                    if (vm.explain(reason)) {
                        LOG.error("VM failed vm={} reason={}", vm.name(), reason);
                        register.record(vm, VmRecord.Phase.ENDED, reason);
                    }
                }));
    }
}
