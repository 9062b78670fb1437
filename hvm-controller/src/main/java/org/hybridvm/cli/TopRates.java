// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.hybridvm.JsonObject;

/**
 * Loads and rates from two answers of {@code GET /v1/top}. Loads are between 0 and 1, rates are by the second. What was not
 * there before, or counts anew, has none.
 */
final class TopRates {
    private static final double NANOS = 1e9;

    private final JsonObject before;
    private final JsonObject now;
    private final double elapsed;

    private TopRates(JsonObject before, JsonObject now) {
        this.before = before;
        this.now = now;
        this.elapsed = now.number("clock_ns") - before.number("clock_ns");
    }

    static Map<String, Object> of(JsonObject before, JsonObject now) {
        return new TopRates(before, now).facts();
    }

    private Map<String, Object> facts() {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("time", now.text("time"));
        facts.put("seconds", elapsed / NANOS);
        facts.put("memory_mib", now.object("host").number("memory_mib"));
        facts.put("available_mib", now.object("host").number("available_mib"));
        facts.put("cores", cores());
        facts.put("partitions", partitions());
        facts.put("vms", vms());
        facts.put("jobs", now.objects("jobs").stream().map(JsonObject::asMap).toList());
        return facts;
    }

    private List<Map<String, Object>> cores() {
        var cores = new ArrayList<Map<String, Object>>();
        for (JsonObject core : now.object("host").objects("cores")) {
            var facts = new LinkedHashMap<String, Object>();
            facts.put("core", core.number("core"));
            facts.put("owner", core.text("owner"));
            facts.put(
                    "users",
                    core.objects("users").stream().map(JsonObject::asMap).toList());
            find(before.object("host").objects("cores"), "core", core).ifPresent(old -> {
                double busy = growth(old, core, "busy_ns");
                double all = busy + growth(old, core, "idle_ns") + growth(old, core, "steal_ns");
                facts.put("load", all > 0 ? busy / all : 0.0);
                facts.put("steal", all > 0 ? growth(old, core, "steal_ns") / all : 0.0);
            });
            cores.add(facts);
        }
        return cores;
    }

    private List<Map<String, Object>> vms() {
        var vms = new ArrayList<Map<String, Object>>();
        for (JsonObject vm : now.objects("vms")) {
            var facts = new LinkedHashMap<String, Object>();
            for (String name : List.of("name", "state", "pid", "memory_mib", "resident_mib")) {
                facts.put(name, vm.asMap().get(name));
            }
            find(before.objects("vms"), "name", vm)
                    .ifPresent(old -> facts.put("emulator_load", growth(old, vm, "emulator_ns") / elapsed));
            facts.put("linux", vm.object("linux").asMap());
            vms.add(facts);
        }
        return vms;
    }

    private List<Map<String, Object>> partitions() {
        var partitions = new ArrayList<Map<String, Object>>();
        for (JsonObject vm : now.objects("vms")) {
            List<JsonObject> old = find(before.objects("vms"), "name", vm)
                    .map(one -> one.objects("partitions"))
                    .orElse(List.of());
            for (JsonObject partition : vm.objects("partitions")) {
                partitions.add(partition(vm, partition, find(old, "name", partition)));
            }
        }
        return partitions;
    }

    private Map<String, Object> partition(JsonObject vm, JsonObject partition, Optional<JsonObject> old) {
        var facts = new LinkedHashMap<String, Object>();
        List<JsonObject> vcpus = partition.objects("vcpus");
        facts.put("vm", vm.text("name"));
        facts.put("partition", partition.text("name"));
        facts.put("kind", partition.text("kind"));
        facts.put("cores", vcpus.size());
        facts.put("states", vcpus.stream().map(vcpu -> vcpu.text("state", "-")).toList());
        old.ifPresent(known -> {
            double ran = ran(partition) - ran(known);
            facts.put("load", ran >= 0 && !vcpus.isEmpty() ? ran / elapsed / vcpus.size() : 0.0);
            facts.put("rates", rates(known.object("counters"), partition.object("counters")));
        });
        facts.put("counters", partition.object("counters").asMap());
        return facts;
    }

    private Map<String, Object> rates(JsonObject old, JsonObject counters) {
        var rates = new LinkedHashMap<String, Object>();
        for (String name : counters.asMap().keySet()) {
            if (old.has(name)) {
                rates.put(name, growth(old, counters, name) / elapsed * NANOS);
            }
        }
        return rates;
    }

    private static double ran(JsonObject partition) {
        return partition.objects("vcpus").stream()
                .mapToDouble(vcpu -> vcpu.number("ran_ns"))
                .sum();
    }

    /** 0 for a counter that was set back, by a new VM of the same name. */
    private static double growth(JsonObject old, JsonObject now, String name) {
        return Math.max(0, now.number(name, 0) - old.number(name, 0));
    }

    private static Optional<JsonObject> find(List<JsonObject> all, String key, JsonObject like) {
        Object wanted = like.asMap().get(key);
        return all.stream().filter(one -> wanted.equals(one.asMap().get(key))).findFirst();
    }
}
