// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.util.Locale;
import java.util.OptionalLong;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.host.KvmProbe;
import org.hybridvm.host.TscRate;
import org.hybridvm.layout.Layout;

/** KVM or TCG: everything that differs between the two, in one place. */
public enum Accelerator {
    /** The processor runs the guest. */
    KVM("kvm", "host-passthrough", 1),
    /** QEMU interprets it (tcg,thread=multi). */
    TCG("qemu", "maximum", 4);

    private final String domainType;
    private final String cpuMode;
    private final int patience;

    Accelerator(String domainType, String cpuMode, int patience) {
        this.domainType = domainType;
        this.cpuMode = cpuMode;
        this.patience = patience;
    }

    /** libvirt's name of the domain's type. */
    String domainType() {
        return domainType;
    }

    /** libvirt's name of the CPU model. */
    String cpuMode() {
        return cpuMode;
    }

    /** How many times longer than on a processor a guest may take for anything, as in hvm.ko (hvm_patience). */
    int patience() {
        return patience;
    }

    /**
     * What the guest's kernel must be told: under TCG its counter is the host's, whose rate it would have to measure while
     * others have the host's cores.
     *
     * @param cpuInfo the text of the host's /proc/cpuinfo
     */
    String kernelWords(String cpuInfo) {
        OptionalLong khz = this == TCG ? TscRate.khz(cpuInfo) : OptionalLong.empty();
        return khz.isPresent() ? "tsc_early_khz=" + khz.getAsLong() + " " : "";
    }

    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** @throws HvmException if the layout insists on KVM and KVM does not work */
    static Accelerator choose(Layout layout, KvmProbe.Verdict kvm) {
        return switch (layout.acceleration()) {
            case TCG -> TCG;
            case AUTO -> kvm.usable() ? KVM : TCG;
            case KVM -> {
                if (!kvm.usable()) {
                    throw HvmException.of(
                                    ErrorCode.HOST_REQUIREMENT, "The layout asks for KVM, which does not work here")
                            .value(kvm.reason())
                            .owner(layout.name())
                            .hint("set acceleration to auto")
                            .build();
                }
                yield KVM;
            }
        };
    }
}
