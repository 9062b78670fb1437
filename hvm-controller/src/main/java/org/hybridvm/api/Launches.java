// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.hybridvm.HvmException;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.hybridvm.Problem;
import org.hybridvm.store.Database;
import org.hybridvm.store.RequestKey;
import org.hybridvm.store.RequestTable;
import org.hybridvm.vm.BootObserver;

/**
 * Launches that have an Idempotency-Key: each is made once. Who asks again hears of the same launch from its beginning while
 * it goes on, and its end afterwards. Calls block.
 */
final class Launches {
    private final VmControl vms;
    private final Database database;
    private final Clock clock;
    private final Map<RequestKey, LaunchEvents.Shared> begun = new ConcurrentHashMap<>();

    Launches(VmControl vms, Database database, Clock clock) {
        this.vms = vms;
        this.database = database;
        this.clock = clock;
    }

    /** Launches, or joins the launch that the same request began; {@code events} are told until it is over. */
    Map<String, Object> launch(Optional<RequestKey> request, VmControl.LayoutSource source, LaunchEvents events) {
        if (request.isEmpty()) {
            return vms.launch(source, events);
        }
        var own = new LaunchEvents.Shared();
        LaunchEvents.Shared first = begun.putIfAbsent(request.get(), own);
        if (first != null) {
            return first.join(events);
        }
        own.add(events);
        try {
            Map<String, Object> vm = once(request.get(), source, own);
            own.complete(vm);
            return vm;
        } catch (RuntimeException e) {
            own.fail(e);
            throw e;
        } finally {
            begun.remove(request.get());
        }
    }

    private Map<String, Object> once(RequestKey request, VmControl.LayoutSource source, BootObserver observer) {
        String name = String.valueOf(vms.validate(source).get("name"));
        Optional<RequestTable.Earlier> earlier =
                database.read(connection -> RequestTable.find(connection, request, clock.instant()));
        if (earlier.isPresent()) {
            Optional<Map<String, Object>> vm = answerOf(earlier.get(), name);
            if (vm.isPresent()) {
                return vm.get();
            }
        }
        keep(request, null);
        try {
            Map<String, Object> vm = vms.launch(source, observer);
            keep(request, Json.write(Map.of("vm", vm)));
            return vm;
        } catch (HvmException e) {
            keep(request, Json.write(Map.of("problem", Problem.toJson(e))));
            throw e;
        }
    }

    /** Empty: an hvmd that was ended meanwhile began it, and it was undone; it is done now. */
    private Optional<Map<String, Object>> answerOf(RequestTable.Earlier earlier, String name) {
        if (earlier.answer().isEmpty()) {
            return launchedSince(earlier.time(), name);
        }
        JsonObject answer = JsonObject.parse(earlier.answer().get());
        if (answer.has("problem")) {
            throw Problem.fromJson(answer.object("problem"));
        }
        return Optional.of(answer.object("vm").asMap());
    }

    private Optional<Map<String, Object>> launchedSince(Instant begin, String name) {
        try {
            Map<String, Object> vm = vms.info(name);
            boolean since = Optional.ofNullable(vm.get("created"))
                    .map(created -> !Instant.parse(created.toString()).isBefore(begin))
                    .orElse(false);
            return since ? Optional.of(vm) : Optional.empty();
        } catch (HvmException e) {
            return Optional.empty();
        }
    }

    private void keep(RequestKey request, String answer) {
        database.<Void>write(connection -> {
                    RequestTable.put(connection, request, answer, clock.instant());
                    return null;
                })
                .join();
    }
}
