// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;
import org.hybridvm.Problem;
import org.hybridvm.store.RequestKey;
import org.hybridvm.store.RequestTable;
import org.hybridvm.vm.BootObserver;

/**
 * Launches that have an Idempotency-Key: each is made once. Who asks again hears of the same launch from its beginning while
 * it goes on, and its end afterwards. Calls block.
 */
final class Launches {
    private final VmControl vms;
    private final Answers answers;
    private final Ongoing ongoing = new Ongoing();

    Launches(VmControl vms, Answers answers) {
        this.vms = vms;
        this.answers = answers;
    }

    /** Launches, or joins the launch that the same request began; {@code events} are told until it is over. */
    Map<String, Object> launch(Optional<RequestKey> request, VmControl.LayoutSource source, LaunchEvents events) {
        return request.isEmpty()
                ? vms.launch(source, events)
                : ongoing.once(request.get(), events, own -> once(request.get(), source, own));
    }

    private Map<String, Object> once(RequestKey request, VmControl.LayoutSource source, BootObserver observer) {
        String name = String.valueOf(vms.validate(source).get("name"));
        Optional<RequestTable.Earlier> earlier = answers.find(request);
        if (earlier.isPresent()) {
            Optional<Map<String, Object>> vm = answerOf(earlier.get(), name);
            if (vm.isPresent()) {
                return vm.get();
            }
        }
        answers.begin(request);
        try {
            Map<String, Object> vm = vms.launch(source, observer);
            answers.keep(request, Map.of("vm", vm));
            return vm;
        } catch (HvmException e) {
            if (e.code() != ErrorCode.SHUTTING_DOWN) { // else it is undone, and the next hvmd does it anew
                answers.keep(request, Map.of("problem", Problem.toJson(e)));
            }
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
}
