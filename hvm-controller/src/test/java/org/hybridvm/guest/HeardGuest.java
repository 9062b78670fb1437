// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.hybridvm.vm.Guest;

/** Notes what it hears of a guest. */
record HeardGuest(CompletableFuture<String> lostFor, BlockingQueue<String> changes) implements Guest.Listener {
    HeardGuest(CompletableFuture<String> lost) {
        this(lost, new LinkedBlockingQueue<>());
    }

    @Override
    public void lost(String reason) {
        lostFor.complete(reason);
    }

    @Override
    public void partitionChanged(Guest guest, String partition, String state) {
        changes.add(partition + " " + state);
    }
}
