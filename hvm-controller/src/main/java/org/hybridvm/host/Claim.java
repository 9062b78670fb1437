// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import java.util.Optional;
import org.hybridvm.layout.Layout;

/**
 * What one VM has of the host.
 *
 * @param memory bytes of ordinary pages
 * @param pageSize bytes of a huge page, 0 without
 * @param pages huge pages
 */
public record Claim(Layout layout, Placement placement, long memory, long pageSize, long pages) {
    /** What a layout asks for; the window is memory of its own. */
    public static Claim of(Layout layout, Placement placement) {
        long page = layout.host().hugepages().size();
        return new Claim(
                layout,
                placement,
                layout.window() + (page == 0 ? layout.memory() : 0),
                page,
                page == 0 ? 0 : layout.memory() / page);
    }

    public String vm() {
        return layout.name();
    }

    public Optional<Integer> node() {
        return placement.node();
    }
}
