// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Calls into C that may never return, for instance libvirt's while QEMU is stopped: each on a thread of its own, so that the
 * caller can give up. The thread is left to its fate; when QEMU goes on or dies it ends.
 */
final class Bounded {
    private Bounded() {}

    /**
     * @param name of the thread
     * @throws TimeoutException if the call has not returned at the limit
     * @throws ExecutionException with what the call threw
     */
    static <T> T call(Duration limit, String name, Callable<T> body)
            throws TimeoutException, ExecutionException, InterruptedException {
        var result = new CompletableFuture<T>();
        Thread.ofPlatform().daemon().name(name).start(() -> {
            try {
                result.complete(body.call());
            } catch (Throwable failure) { // whatever it is, the caller waits for it
                result.completeExceptionally(failure);
            }
        });
        return result.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    }
}
