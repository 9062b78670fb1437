// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.hybridvm.host.Placement;
import org.hybridvm.layout.Layout;

/**
 * A VM as the outside sees it.
 *
 * @param reason why it is FAILED or UNREACHABLE, else empty
 * @param generation the node's revision at which it was declared as it is
 */
public record VmView(
        Layout layout,
        VmState state,
        String reason,
        Accelerator accelerator,
        Placement placement,
        UUID uuid,
        long created,
        long generation,
        Map<String, Long> bootPhases,
        Optional<Guest> guest,
        Path console,
        Path window) {
    public String name() {
        return layout.name();
    }
}
