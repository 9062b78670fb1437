// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;
import org.hybridvm.vm.VmPlan;
import org.hybridvm.vm.VmPlan.Basis;

/** Whether a plan that was made before is still one for the VMs that are there. */
final class StalePlan {
    private StalePlan() {}

    /** @throws HvmException {@link ErrorCode#STALE_PLAN} with all that has changed since the plan was made */
    static void require(JsonObject plan, VmPlan now) {
        if (!PlanFacts.FORMAT.equals(plan.text("format", ""))) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "The plan is of another format")
                    .value(plan.text("format", "none"))
                    .allowed(PlanFacts.FORMAT)
                    .hint("hvm plan --out FILE LAYOUT...")
                    .build();
        }
        List<String> changes = changes(plan.object("basis"), now.basis());
        if (!changes.isEmpty()) {
            throw HvmException.of(ErrorCode.STALE_PLAN, "The plan is stale: VMs have changed since it was made")
                    .value(String.join("; ", changes))
                    .allowed("a plan of the present state")
                    .hint("hvm plan --out FILE LAYOUT... again")
                    .build();
        }
    }

    private static List<String> changes(JsonObject then, Map<String, Basis> now) {
        var changes = new ArrayList<String>();
        var names = new TreeSet<>(then.asMap().keySet());
        names.addAll(now.keySet());
        for (String name : names) {
            if (!then.has(name)) {
                changes.add("VM " + name + " was made");
            } else if (!now.containsKey(name)) {
                changes.add("VM " + name + " is gone");
            } else {
                JsonObject before = then.object(name);
                Basis after = now.get(name);
                if (before.number("generation") != after.generation()) {
                    changes.add("VM %s was changed (generation %d, now %d)"
                            .formatted(name, before.number("generation"), after.generation()));
                } else if (before.flag("running") != after.running()) {
                    changes.add("VM " + name + (after.running() ? " runs again" : " no longer runs"));
                }
            }
        }
        return changes;
    }
}
