// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.slf4j.MDC;

/**
 * Where calls that block are made, so that no event loop ever does. Launches and benchmarks take minutes and have threads
 * of their own: they must not keep a {@code GET} waiting.
 */
final class Blocking {
    private static final int SHORT_THREADS = 8;
    private static final int LONG_THREADS = 8;
    private static final long LONG_MINUTES = 30;

    private final WorkerExecutor shortCalls;
    private final WorkerExecutor longCalls;

    Blocking(Vertx vertx) {
        shortCalls = vertx.createSharedWorkerExecutor("call", SHORT_THREADS, 1, TimeUnit.MINUTES);
        longCalls = vertx.createSharedWorkerExecutor("long-call", LONG_THREADS, LONG_MINUTES, TimeUnit.MINUTES);
    }

    /** Calls that take at most seconds. The answer comes back on the caller's context. */
    <T> Future<T> call(Callable<T> body) {
        return execute(shortCalls, labelled(body));
    }

    /** Calls that may take minutes. */
    <T> Future<T> callLong(Callable<T> body) {
        return execute(longCalls, labelled(body));
    }

    private static <T> Future<T> execute(WorkerExecutor executor, Callable<T> body) {
        try {
            return executor.executeBlocking(body, false);
        } catch (RejectedExecutionException e) {
            return Future.failedFuture(HvmException.of(ErrorCode.SHUTTING_DOWN, "hvmd ends")
                    .hint("try again in a second")
                    .cause(e)
                    .build());
        }
    }

    /** What the thread of the call logs bears the labels of its request. */
    private static <T> Callable<T> labelled(Callable<T> body) {
        Map<String, String> labels = MDC.getCopyOfContextMap();
        if (labels == null || labels.isEmpty()) {
            return body;
        }
        return () -> {
            MDC.setContextMap(labels);
            try {
                return body.call();
            } finally {
                MDC.clear();
            }
        };
    }
}
