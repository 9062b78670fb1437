// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.hybridvm.layout.Difference;
import org.hybridvm.layout.LayoutFields;
import org.hybridvm.vm.VmPlan;

/** Plans as JSON objects. */
final class PlanFacts {
    static final String FORMAT = "hvm-plan/1";

    private PlanFacts() {}

    /** @param revision of the state that it was made for */
    static Map<String, Object> of(VmPlan plan, long revision, boolean prune) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("format", FORMAT);
        facts.put("revision", revision);
        facts.put("prune", prune);
        facts.put("changes", !plan.isEmpty());
        var basis = new LinkedHashMap<String, Object>();
        plan.basis().forEach((vm, one) -> basis.put(vm, basis(one)));
        facts.put("basis", basis);
        facts.put("vms", plan.steps().stream().map(PlanFacts::step).toList());
        facts.put("host", HostFacts.change(plan.before(), plan.after()));
        return facts;
    }

    static String word(VmPlan.Action action) {
        return action.name().toLowerCase(Locale.ROOT);
    }

    /** The action of a word. */
    static VmPlan.Action action(String word) {
        return VmPlan.Action.valueOf(word.toUpperCase(Locale.ROOT));
    }

    private static Map<String, Object> basis(VmPlan.Basis basis) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("generation", basis.generation());
        facts.put("running", basis.running());
        return facts;
    }

    private static Map<String, Object> step(VmPlan.Step step) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("name", step.vm());
        facts.put("action", word(step.action()));
        facts.put("changes", step.differences().stream().map(PlanFacts::change).toList());
        facts.put("notes", step.claim().map(claim -> claim.placement().notes()).orElse(List.of()));
        step.layout().ifPresent(layout -> facts.put("layout", LayoutFields.of(layout)));
        return facts;
    }

    private static Map<String, Object> change(Difference difference) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("field", difference.field());
        difference.before().ifPresent(value -> facts.put("before", value));
        difference.after().ifPresent(value -> facts.put("after", value));
        facts.put("effect", difference.effect().name().toLowerCase(Locale.ROOT));
        return facts;
    }
}
