// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.hybridvm.access.Caller;
import org.hybridvm.host.HostBooks;
import org.hybridvm.layout.Layout;
import org.hybridvm.layout.LayoutFields;
import org.hybridvm.layout.LayoutReader;
import org.hybridvm.vm.ApplyObserver;
import org.hybridvm.vm.VmManager;
import org.hybridvm.vm.VmPlan;
import org.hybridvm.vm.VmState;
import org.hybridvm.vm.VmView;

/** Plans and applies layouts on this node. */
final class NodeLayouts implements LayoutControl {
    private final Supplier<VmManager> node;

    /** @param node waits until VMs can be managed */
    NodeLayouts(Supplier<VmManager> node) {
        this.node = node;
    }

    @Override
    public Map<String, Object> plan(Declaration declaration) {
        List<Layout> wanted = layouts(declaration);
        VmManager manager = node.get();
        return PlanFacts.of(manager.plan(wanted, declaration.prune()), manager.revision(), declaration.prune());
    }

    @Override
    public Map<String, Object> apply(Declaration declaration, Gate gate, ApplyObserver observer) {
        List<Layout> wanted = layouts(declaration);
        VmManager manager = node.get();
        var done = new LinkedHashMap<String, Object>();
        Map<String, HvmException> failures = manager.apply(
                wanted,
                declaration.prune(),
                plan -> {
                    declaration.plan().ifPresent(file -> StalePlan.require(file, plan));
                    gate.requireIdle(plan.steps().stream()
                            .filter(step -> step.action().endsJobs())
                            .map(VmPlan.Step::vm)
                            .toList());
                    done.putAll(PlanFacts.of(plan, manager.revision(), declaration.prune()));
                    return gate.keeping(done);
                },
                observer);
        requireNone(failures);
        return done;
    }

    @Override
    public Map<String, Object> finish(JsonObject plan, ApplyObserver observer) {
        VmManager manager = node.get();
        Map<String, HvmException> failures = new TreeMap<>();
        for (JsonObject step : plan.objects("vms")) {
            String vm = step.text("name");
            VmPlan.Action action = PlanFacts.action(step.text("action"));
            if (!action.isIdle()) {
                observer.vm(vm, action);
                missed(manager.awaitStart(vm), step)
                        .ifPresentOrElse(
                                what -> {
                                    failures.put(vm, what);
                                    observer.failed(vm, what);
                                },
                                () -> observer.done(vm));
            }
        }
        requireNone(failures);
        return plan.asMap();
    }

    /** How a VM is not as the step wanted it; empty if it is. */
    private static Optional<HvmException> missed(Optional<VmView> vm, JsonObject step) {
        String name = step.text("name");
        if (!step.has("layout")) {
            return vm.map(view -> notAsWanted(name, "is there"));
        }
        if (vm.isEmpty()) {
            return Optional.of(notAsWanted(name, "is gone"));
        }
        VmView view = vm.get();
        if (view.state() == VmState.FAILED) {
            return Optional.of(HvmException.of(ErrorCode.BOOT_FAILED, "The VM did not start")
                    .value(name + ": " + view.reason())
                    .hint("hvm info " + name + "; apply again with another key")
                    .build());
        }
        return LayoutFields.of(view.layout()).equals(LayoutFields.of(planned(step)))
                ? Optional.empty()
                : Optional.of(notAsWanted(name, "was declared otherwise since"));
    }

    private static HvmException notAsWanted(String vm, String what) {
        return HvmException.of(ErrorCode.WRONG_STATE, "The VM is not as the apply wanted it")
                .value(vm + " " + what)
                .hint("hvm plan; apply again with another key")
                .build();
    }

    private static void requireNone(Map<String, HvmException> failures) {
        if (!failures.isEmpty()) {
            throw notAll(new TreeMap<>(failures));
        }
    }

    private static HvmException notAll(TreeMap<String, HvmException> failures) {
        HvmException first = failures.firstEntry().getValue();
        return HvmException.of(first.code(), "VMs are not as declared: " + String.join(", ", failures.keySet()))
                .value(first.getMessage())
                .owner(failures.firstKey())
                .hint("mend it and apply again: what is done is not done twice")
                .cause(first)
                .build();
    }

    @Override
    public Map<String, Object> layout(String vm) {
        VmView view = node.get().require(vm);
        var facts = new LinkedHashMap<String, Object>();
        facts.put("vm", vm);
        facts.put("generation", view.generation());
        facts.put("layout", LayoutFields.of(view.layout()));
        return facts;
    }

    @Override
    public Map<String, Object> host(Set<String> vms) {
        HostBooks books = node.get().books();
        for (String vm : books.claims().keySet()) {
            books = vms.contains(vm) ? books : books.without(vm);
        }
        return HostFacts.of(books);
    }

    private static List<Layout> layouts(Declaration declaration) {
        Caller caller = declaration.caller();
        return caller.look(() -> {
            List<Layout> layouts = read(declaration);
            layouts.forEach(layout -> LayoutRights.require(layout, caller));
            return layouts;
        });
    }

    private static List<Layout> read(Declaration declaration) {
        if (declaration.plan().isPresent()) {
            return declaration.plan().get().objects("vms").stream()
                    .filter(vm -> vm.has("layout"))
                    .map(NodeLayouts::planned)
                    .toList();
        }
        return declaration.layouts().stream()
                .flatMap(source -> new LayoutReader(source.file(), source.folder())
                                .readAll(source.text()
                                        .orElseThrow(() -> HvmException.of(
                                                        ErrorCode.INVALID_REQUEST, "The field 'layout' is missing")
                                                .value(source.file())
                                                .allowed("YAML")
                                                .build()))
                                .stream())
                .toList();
    }

    /** Looked at again: files may have gone since. */
    private static Layout planned(JsonObject vm) {
        return new LayoutReader("plan of " + vm.text("name"), Path.of("/"))
                .read(Json.write(vm.object("layout").asMap()));
    }
}
