// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.util.List;
import java.util.Set;
import org.hybridvm.access.Caller;
import org.hybridvm.access.Role;
import org.hybridvm.event.Event;
import org.hybridvm.event.EventPage;

/**
 * The events that a caller may know of: those of VMs that he may use, and those of jobs as far as the jobs are seen. Of a VM
 * that is gone nobody can say any more whom it admitted, so what is told of it is the operators'. Calls block.
 */
final class SeenEvents {
    private static final String VM = "vm/";

    private final VmControl vms;
    private final Caller caller;

    SeenEvents(VmControl vms, Caller caller) {
        this.vms = vms;
        this.caller = caller;
    }

    /** The same page without the others. */
    EventPage of(EventPage page) {
        if (caller.has(Role.OPERATOR)) {
            return page;
        }
        boolean tellsOfVms = page.events().stream().anyMatch(event -> vmOf(event) != null);
        Set<String> seen = tellsOfVms ? vms.names(caller) : Set.of();
        List<Event> events = page.events().stream()
                .filter(event -> event.kind().startsWith("job.") ? isOwn(event) : isOf(event, seen))
                .toList();
        return new EventPage(events, page.next(), page.oldest(), page.newest());
    }

    private static boolean isOf(Event event, Set<String> vms) {
        String vm = vmOf(event);
        return vm == null || vms.contains(vm);
    }

    /** Null: it is of something else. The subject is {@code vm/NAME} or {@code vm/NAME/PARTITION}. */
    private static String vmOf(Event event) {
        return event.subject().startsWith(VM) ? event.subject().split("/")[1] : null;
    }

    private boolean isOwn(Event event) {
        return caller.has(Role.USER)
                && event.facts().get("user_id") instanceof Number user
                && user.longValue() == Integer.toUnsignedLong(caller.uid());
    }
}
