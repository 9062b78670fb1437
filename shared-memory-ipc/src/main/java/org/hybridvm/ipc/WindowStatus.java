// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * Whether a window is served, as its guest says.
 *
 * @param serves whether a server takes calls
 * @param generation of the last server; 0: there was none
 */
public record WindowStatus(boolean serves, int generation) {
    /**
     * Looks at a window.
     *
     * @throws HrtCallException {@link HrtCallException.Reason#NO_WINDOW}
     */
    public static WindowStatus read(Path file) {
        WindowFile window = WindowFile.open(file);
        try {
            MemorySegment memory = window.memory();
            return new WindowStatus(
                    WindowHeader.state(memory) == WindowDescriptor.WINDOW_SERVING, WindowHeader.generation(memory));
        } finally {
            window.close();
        }
    }
}
