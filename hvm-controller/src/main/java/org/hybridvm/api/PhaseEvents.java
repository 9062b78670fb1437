// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.util.Map;
import org.hybridvm.vm.BootObserver;

/** The phases of a boot as JSON events. */
interface PhaseEvents extends BootObserver {
    void tell(Map<String, Object> event);

    @Override
    default void begin(String phase) {
        tell(Map.of("event", "begin", "phase", phase));
    }

    @Override
    default void end(String phase, long milliseconds) {
        tell(Map.of("event", "phase", "phase", phase, "ms", milliseconds));
    }

    @Override
    default void note(String text) {
        tell(Map.of("event", "note", "text", text));
    }
}
