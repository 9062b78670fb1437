// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.event;

import java.util.List;

/**
 * A part of the events, in their order.
 *
 * @param next the number to go on after: all events up to it are in this page or were not asked for
 * @param oldest number of the oldest event that is kept
 * @param newest number of the newest
 */
public record EventPage(List<Event> events, long next, long oldest, long newest) {
    /** Whether all that was there has been read. */
    public boolean isLast() {
        return next >= newest;
    }
}
