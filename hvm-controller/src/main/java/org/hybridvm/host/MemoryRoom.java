// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import java.util.Optional;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.layout.ByteSize;

/** Whether the host has the memory that a VM asks for. */
final class MemoryRoom {
    /** What the host's own programs need, bytes. */
    static final long RESERVE = 256L << 20;

    private final HostBooks books;
    private final Claim wanted;

    /** @param wanted its placement does not count */
    MemoryRoom(HostBooks books, Claim wanted) {
        this.books = books;
        this.wanted = wanted;
    }

    /** Whether it fits, all of it on the node if one is given. */
    boolean isOn(Optional<Integer> node) {
        return wanted.memory() <= ordinary(node) && (wanted.pages() == 0 || wanted.pages() <= huge(node));
    }

    /** @throws HvmException if it does not fit */
    void require(Optional<Integer> node) {
        String where = node.map(number -> "NUMA node " + number).orElse("The host");
        if (wanted.memory() > ordinary(node)) {
            throw refuse(
                    where + " has too little memory available",
                    ByteSize.format(wanted.memory()) + " for " + wanted.vm(),
                    ByteSize.format(Math.max(0, ordinary(node)) >> 20 << 20),
                    Claim::memory,
                    "give the layout less memory");
        }
        if (wanted.pages() > 0 && wanted.pages() > huge(node)) {
            String size = ByteSize.format(wanted.pageSize());
            throw refuse(
                    where + " has too few huge pages of " + size,
                    wanted.pages() + " for " + wanted.vm(),
                    String.valueOf(Math.max(0, huge(node))),
                    claim -> pages(claim) * claim.pageSize(),
                    "set more aside: echo N > " + file(node) + "; or set host.hugepages to none");
        }
    }

    /** Bytes of ordinary pages that nobody was promised. */
    private long ordinary(Optional<Integer> node) {
        HostTopology host = books.host();
        long onHost = host.memory() - host.hugeMemory() - RESERVE - promised(Optional.empty(), Claim::memory);
        long available = host.availableMemory() + books.freed() - RESERVE;
        long room = Math.min(onHost, available);
        return node.flatMap(host::node)
                .map(one -> Math.min(room, one.memory() - HostTopology.hugeMemory(one) - promised(node, Claim::memory)))
                .orElse(room);
    }

    /** What is bound to no node may lie on any, so it counts on each. */
    private long promised(Optional<Integer> node, ToLongFunction<Claim> share) {
        return books.claims().values().stream()
                .filter(claim ->
                        node.isEmpty() || claim.node().isEmpty() || claim.node().equals(node))
                .mapToLong(share)
                .sum();
    }

    private long huge(Optional<Integer> node) {
        HostTopology host = books.host();
        long size = wanted.pageSize();
        long onHost = host.hugePages(size).total() - promised(Optional.empty(), this::pages);
        return node.flatMap(host::node)
                .map(one -> one.hugePages()
                                .getOrDefault(size, HostTopology.Pages.NONE)
                                .total()
                        - promised(node, this::pages))
                .map(onNode -> Math.min(onHost, onNode))
                .orElse(onHost);
    }

    private long pages(Claim claim) {
        return claim.pageSize() == wanted.pageSize() ? claim.pages() : 0;
    }

    private String file(Optional<Integer> node) {
        return node.map(number -> "/sys/devices/system/node/node" + number).orElse("/sys/kernel/mm")
                + "/hugepages/hugepages-" + wanted.pageSize() / 1024 + "kB/nr_hugepages";
    }

    private HvmException refuse(String what, String value, String allowed, ToLongFunction<Claim> share, String mend) {
        String owners = books.claims().values().stream()
                .filter(claim -> share.applyAsLong(claim) > 0)
                .map(claim -> "VM " + claim.vm() + ": " + ByteSize.format(share.applyAsLong(claim)))
                .collect(Collectors.joining(", "));
        return HvmException.of(ErrorCode.HOST_RESOURCES, what)
                .value(value)
                .allowed(allowed)
                .owner(owners.isEmpty() ? "other programs of the host" : owners)
                .hint(owners.isEmpty() ? mend : mend + "; or hvm destroy a VM")
                .build();
    }
}
