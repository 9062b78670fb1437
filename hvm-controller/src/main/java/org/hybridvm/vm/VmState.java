// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

/** What a VM is doing, as a person sees it. */
public enum VmState {
    /** QEMU starts or its Linux boots. */
    STARTING,
    /** The agent answers; jobs run. */
    READY,
    /** QEMU runs, the agent does not answer; hvmd tries to reach it. */
    UNREACHABLE,
    /** QEMU's process is stopped (SIGSTOP, a debugger): nothing of the VM runs until it goes on. */
    STALLED,
    /** It is being destroyed. */
    STOPPING,
    /** QEMU is gone without anyone having asked; the reason is kept until it is destroyed or launched again. */
    FAILED
}
