// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import java.time.Duration;
import java.util.Locale;

/** The phases of a VM's boot, in their order. Each has a limit, so that a boot which hangs is told by the phase. */
public enum BootPhase {
    /** Images are copied to where QEMU's user can read them. */
    IMAGES("images", 60, false),
    /** QEMU is started and its CPUs run. */
    QEMU("QEMU", 60, false),
    /** Firmware and Linux' kernel, until its init runs. */
    KERNEL("firmware and kernel", 30, true),
    /** The guest's init: modules, root file system, mounts. */
    INIT("Linux init", 30, true),
    /** hvm.ko finds the HRT partitions' cores and memory. */
    MODULE("module hvm.ko", 10, true),
    /** An HRT partition boots; each has the limit for itself. */
    PARTITION("HRT partition", 10, true),
    /** The agent answers. */
    AGENT("agent", 15, true);

    private final String title;
    private final Duration limit;
    private final boolean inGuest;

    BootPhase(String title, int limitSeconds, boolean inGuest) {
        this.title = title;
        this.limit = Duration.ofSeconds(limitSeconds);
        this.inGuest = inGuest;
    }

    /** As people read it. */
    public String title() {
        return title;
    }

    /** Its name in a layout. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** How long it may take where a processor runs the guest. */
    public Duration limit() {
        return limit;
    }

    /** Whether the guest does it, at the speed that its accelerator gives. */
    public boolean isInGuest() {
        return inGuest;
    }
}
