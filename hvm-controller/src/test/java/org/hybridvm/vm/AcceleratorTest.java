// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.host.KvmProbe.Verdict;
import org.hybridvm.layout.Layout;
import org.hybridvm.layout.Layout.Acceleration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AcceleratorTest {
    @ParameterizedTest
    @CsvSource({"AUTO, true, KVM", "AUTO, false, TCG", "KVM, true, KVM", "TCG, true, TCG", "TCG, false, TCG"})
    void shouldTakeKvmWhereItWorksAndTheLayoutAllowsIt(Acceleration asked, boolean usable, Accelerator chosen) {
        assertThat(Accelerator.choose(layout(asked), new Verdict(usable, "because")))
                .isEqualTo(chosen);
    }

    @Test
    void shouldRefuseALayoutThatInsistsOnKvmWhereItDoesNotWork() {
        assertThatThrownBy(
                        () -> Accelerator.choose(layout(Acceleration.KVM), new Verdict(false, "there is no /dev/kvm")))
                .isInstanceOfSatisfying(
                        HvmException.class,
                        refused -> assertThat(refused.code()).isEqualTo(ErrorCode.HOST_REQUIREMENT))
                .hasMessage("The layout asks for KVM, which does not work here: there is no /dev/kvm."
                        + " Owner: solver-1. Try: set acceleration to auto");
    }

    @Test
    void shouldHaveLibvirtsNames() {
        assertThat(Accelerator.KVM.domainType()).isEqualTo("kvm");
        assertThat(Accelerator.KVM.cpuMode()).isEqualTo("host-passthrough");
        assertThat(Accelerator.TCG.domainType()).isEqualTo("qemu");
        assertThat(Accelerator.TCG.cpuMode()).isEqualTo("maximum");
    }

    @Test
    void shouldGiveAnInterpretedGuestMoreTimeToBoot() {
        assertThat(Accelerator.KVM.patience()).isEqualTo(1);
        assertThat(Accelerator.TCG.patience()).isEqualTo(4);
    }

    @Test
    void shouldBeWrittenInLowerCase() {
        assertThat(Accelerator.KVM.word()).isEqualTo("kvm");
        assertThat(Accelerator.TCG.word()).isEqualTo("tcg");
    }

    private static Layout layout(Acceleration acceleration) {
        return TestLayouts.full(Layout.Machine.AUTO, acceleration);
    }
}
