// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import org.hybridvm.HvmException;

/** Hears how the steps of a plan go; calls come one after the other. */
public interface ApplyObserver extends BootObserver {
    /** What is told next is about this VM. */
    void vm(String name, VmPlan.Action action);

    void done(String name);

    void failed(String name, HvmException failure);
}
