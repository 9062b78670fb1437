// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

/** Hears how the boot of a VM goes; calls come from any thread, one after the other. */
public interface BootObserver {
    void begin(String phase);

    void end(String phase, long milliseconds);

    void note(String text);
}
