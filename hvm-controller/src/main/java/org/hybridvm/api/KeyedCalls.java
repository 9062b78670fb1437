// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;
import org.hybridvm.store.RequestKey;
import org.hybridvm.store.RequestTable;

/**
 * Changes that are made in one step and may have an Idempotency-Key: each is made once, and who asks again gets its answer. A
 * refusal is not kept. Calls block.
 */
final class KeyedCalls {
    private final Answers answers;
    private final Map<RequestKey, CompletableFuture<Map<String, Object>>> begun = new ConcurrentHashMap<>();

    KeyedCalls(Answers answers) {
        this.answers = answers;
    }

    /**
     * Does {@code work}, or answers what the same request was answered before.
     *
     * @param request empty: it is done however often it is asked for
     * @throws HvmException {@link ErrorCode#OUTCOME_UNKNOWN} if hvmd was ended while it was done
     */
    Map<String, Object> once(Optional<RequestKey> request, Callable<Map<String, Object>> work) throws Exception {
        if (request.isEmpty()) {
            return work.call();
        }
        var own = new CompletableFuture<Map<String, Object>>();
        CompletableFuture<Map<String, Object>> first = begun.putIfAbsent(request.get(), own);
        if (first != null) {
            return join(first);
        }
        try {
            Map<String, Object> answer = keptOrDone(request.get(), work);
            own.complete(answer);
            return answer;
        } catch (Exception e) {
            own.completeExceptionally(e);
            throw e;
        } finally {
            begun.remove(request.get());
        }
    }

    private static Map<String, Object> join(CompletableFuture<Map<String, Object>> first) throws Exception {
        try {
            return first.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof Exception refusal ? refusal : e;
        }
    }

    private Map<String, Object> keptOrDone(RequestKey request, Callable<Map<String, Object>> work) throws Exception {
        Optional<RequestTable.Earlier> earlier = answers.find(request);
        if (earlier.isPresent()) {
            return JsonObject.parse(earlier.get().answer().orElseThrow(() -> unknown(request)))
                    .asMap();
        }
        answers.begin(request);
        Map<String, Object> answer;
        try {
            answer = work.call();
        } catch (Exception e) {
            answers.forget(request);
            throw e;
        }
        answers.keep(request, answer);
        return answer;
    }

    private static HvmException unknown(RequestKey request) {
        return HvmException.of(ErrorCode.OUTCOME_UNKNOWN, "hvmd was ended while it did this, so it may have been done")
                .field("Idempotency-Key")
                .value(request.key())
                .allowed("another key, to have it done now")
                .hint("look whether it was done, by GET; if it was not, ask with another key")
                .build();
    }
}
