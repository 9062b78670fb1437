// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import java.util.Optional;

/**
 * One field that two layouts of a VM do not agree on.
 *
 * @param field its path; elements of lists are named by their own names: {@code partitions.hrt.cores}
 * @param before empty: it was not there
 * @param after empty: it is no longer there
 * @param effect what it takes to change it
 */
public record Difference(String field, Optional<String> before, Optional<String> after, Effect effect) {
    /** What a change asks of a VM that runs. */
    public enum Effect {
        /** Nothing: it is done while the VM runs. */
        LIVE,
        /** The VM is ended and booted anew. */
        RESTART
    }
}
