// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.util.function.Predicate;
import org.hybridvm.access.Caller;
import org.hybridvm.access.Role;
import org.hybridvm.event.Event;

/** Which events a caller may know of: all of VMs, and those of jobs as far as the jobs are seen. */
final class SeenEvents {
    private SeenEvents() {}

    static Predicate<Event> by(Caller caller) {
        return event -> caller.has(Role.OPERATOR) || !event.kind().startsWith("job.") || isOwn(caller, event);
    }

    private static boolean isOwn(Caller caller, Event event) {
        return caller.has(Role.USER)
                && event.facts().get("user_id") instanceof Number user
                && user.longValue() == Integer.toUnsignedLong(caller.uid());
    }
}
