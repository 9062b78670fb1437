// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;
import org.hybridvm.store.Database;
import org.hybridvm.vm.ApplyObserver;
import org.hybridvm.vm.VmPlan;

/** A node of two cores on which every layout makes one VM, "demo". */
public final class FakeLayoutControl implements LayoutControl {
    /** What was done, in this order: {@code apply}, {@code finish}. */
    public final List<String> done = new CopyOnWriteArrayList<>();

    private Database database;
    private volatile boolean ending;
    private volatile boolean refusing;

    private static final Map<String, Object> LAYOUT = Map.of("name", "demo", "memory", "2GiB", "mounts", List.of());

    @Override
    public Map<String, Object> plan(Declaration declaration) {
        boolean known = declaration.plan().isPresent();
        return Map.of(
                "format",
                "hvm-plan/1",
                "prune",
                declaration.prune(),
                "changes",
                !known,
                "vms",
                List.of(Map.of(
                        "name",
                        "demo",
                        "action",
                        known ? "none" : "restart",
                        "changes",
                        known
                                ? List.of()
                                : List.of(
                                        Map.of(
                                                "field",
                                                "linux.cores",
                                                "before",
                                                "1",
                                                "after",
                                                "2",
                                                "effect",
                                                "restart"),
                                        Map.of("field", "console.limit", "after", "2MiB", "effect", "live")))),
                "host",
                Map.of(
                        "cores",
                        List.of(core(0, List.of("demo/linux")), core(1, List.of("demo/hrt"))),
                        "memory_mib",
                        4096,
                        "before",
                        List.of(),
                        "after",
                        List.of(Map.of("vm", "demo", "memory_mib", 2048))));
    }

    private static Map<String, Object> core(int core, List<String> after) {
        return Map.of("core", core, "node", 0, "siblings", List.of(core), "before", List.of(), "after", after);
    }

    @Override
    public Map<String, Object> apply(Declaration declaration, Gate gate, ApplyObserver observer) {
        if (declaration.plan().isEmpty()) {
            gate.requireIdle(List.of("demo"));
            if (refusing) {
                throw HvmException.of(ErrorCode.WRONG_STATE, "The VM is being started")
                        .build();
            }
            database.write(gate.keeping(plan(declaration))).join();
            done.add("apply");
            if (ending) {
                ending = false;
                throw HvmException.of(ErrorCode.SHUTTING_DOWN, "hvmd ends").build();
            }
            observer.vm("demo", VmPlan.Action.RESTART);
            observer.begin("QEMU");
            observer.end("QEMU", 7);
            observer.done("demo");
        }
        return plan(declaration);
    }

    @Override
    public Map<String, Object> finish(JsonObject plan, ApplyObserver observer) {
        done.add("finish");
        observer.vm("demo", VmPlan.Action.RESTART);
        observer.done("demo");
        return plan.asMap();
    }

    /** Where intents are kept. */
    public void keepIn(Database intents) {
        database = intents;
    }

    /** Whether applies are refused before they are begun. */
    void refuse(boolean all) {
        refusing = all;
    }

    /** The next apply is cut off by hvmd's end, once its intent is on disk. */
    void end() {
        ending = true;
    }

    @Override
    public Map<String, Object> layout(String vm) {
        return Map.of("vm", vm, "generation", 3, "layout", LAYOUT);
    }

    @Override
    public Map<String, Object> host(Set<String> vms) {
        return Map.of("cores", List.of(core(0, List.of())));
    }
}
