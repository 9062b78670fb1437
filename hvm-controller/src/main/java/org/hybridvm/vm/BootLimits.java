// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.time.Duration;
import org.hybridvm.layout.BootPhase;
import org.hybridvm.layout.Layout;

/**
 * How long each phase of a VM's boot may take: as the layout says, else the phase's default, which is longer where the guest is
 * interpreted.
 */
record BootLimits(Layout layout, Accelerator accelerator) {
    Duration of(BootPhase phase) {
        Duration normal = phase.isInGuest() ? phase.limit().multipliedBy(accelerator.patience()) : phase.limit();
        return layout.bootLimits().getOrDefault(phase, normal);
    }
}
