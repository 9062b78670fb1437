// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;
import org.hybridvm.Problem;
import org.hybridvm.store.Database;
import org.hybridvm.store.RequestKey;
import org.hybridvm.store.RequestTable;
import org.hybridvm.vm.ApplyObserver;

/**
 * Applies that have an Idempotency-Key: each is done once. Its key is on disk in the transaction of what it intends, so that
 * whoever asks again, of the next hvmd too, hears how that ended. One that was refused before anything was done is not kept.
 * Calls block.
 */
final class Applies {
    private static final String BEGUN = "begun";
    private static final String PLAN = "plan";
    private static final String PROBLEM = "problem";

    private final LayoutControl layouts;
    private final Answers answers;
    private final Ongoing ongoing = new Ongoing();

    Applies(LayoutControl layouts, Answers answers) {
        this.layouts = layouts;
        this.answers = answers;
    }

    /**
     * Applies, or joins the apply that the same request began; {@code events} are told until it is over.
     *
     * @param idle as in {@link LayoutControl.Gate}
     * @return the plan
     */
    Map<String, Object> apply(
            Optional<RequestKey> request,
            LayoutControl.Declaration declaration,
            Consumer<List<String>> idle,
            LaunchEvents events) {
        return request.isEmpty()
                ? layouts.apply(declaration, LayoutControl.Gate.of(idle), events)
                : ongoing.once(request.get(), events, own -> once(request.get(), declaration, idle, own));
    }

    private Map<String, Object> once(
            RequestKey request,
            LayoutControl.Declaration declaration,
            Consumer<List<String>> idle,
            ApplyObserver observer) {
        Optional<JsonObject> earlier =
                answers.find(request).flatMap(RequestTable.Earlier::answer).map(JsonObject::parse);
        if (earlier.isEmpty()) {
            return keptIfBegun(request, () -> layouts.apply(declaration, gate(request, idle), observer));
        }
        JsonObject answer = earlier.get();
        if (answer.has(PROBLEM)) {
            throw Problem.fromJson(answer.object(PROBLEM));
        }
        return answer.has(PLAN)
                ? answer.object(PLAN).asMap()
                : keptIfBegun(request, () -> layouts.finish(answer.object(BEGUN), observer));
    }

    private LayoutControl.Gate gate(RequestKey request, Consumer<List<String>> idle) {
        return new LayoutControl.Gate() {
            @Override
            public void requireIdle(List<String> vms) {
                idle.accept(vms);
            }

            @Override
            public Database.Work<Void> keeping(Map<String, Object> plan) {
                return answers.keeping(request, Map.of(BEGUN, plan));
            }
        };
    }

    private interface Apply {
        Map<String, Object> plan();
    }

    private Map<String, Object> keptIfBegun(RequestKey request, Apply apply) {
        try {
            Map<String, Object> plan = apply.plan();
            answers.keep(request, Map.of(PLAN, plan));
            return plan;
        } catch (HvmException e) {
            boolean goesOn = e.code() == ErrorCode.SHUTTING_DOWN; // the next hvmd finishes it
            if (!goesOn && answers.find(request).isPresent()) {
                answers.keep(request, Map.of(PROBLEM, Problem.toJson(e)));
            }
            throw e;
        }
    }
}
