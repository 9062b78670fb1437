// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import java.util.List;
import java.util.function.Supplier;
import org.hybridvm.HvmException;
import org.hybridvm.layout.Layout;

/**
 * Who has which host cores and how much memory, across all VMs of this node. A host core of an HRT partition belongs to it
 * alone; Linux partitions and QEMU's own threads share the others. Memory is never promised twice. Thread-safe.
 */
public final class HostLedger {
    private final Supplier<HostTopology> host;
    private HostBooks books;

    /** @param host reads the present topology: cores come and go, other programs take memory */
    public HostLedger(Supplier<HostTopology> host) {
        this.host = host;
        this.books = HostBooks.of(host.get());
    }

    /**
     * Places a VM, anew if it is there.
     *
     * @throws HvmException if another VM has what this one needs; the ledger is as before
     */
    public synchronized Placement place(Layout layout) {
        Claim claim = books().without(layout.name()).place(layout);
        books = books.with(claim);
        return claim.placement();
    }

    /** Enters what a VM that runs already has, or what was planned for it. */
    public synchronized void adopt(Layout layout, Placement placement) {
        books = books.with(Claim.of(layout, placement));
    }

    public synchronized void release(String vm) {
        books = books.without(vm);
    }

    /** All of it, now. */
    public synchronized HostBooks books() {
        books = books.with(host.get());
        return books;
    }

    /** The names of the VMs that have something. */
    public synchronized List<String> vms() {
        return List.copyOf(books.claims().keySet());
    }
}
