// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.hybridvm.ErrorCode;
import org.hybridvm.Home;
import org.hybridvm.HvmException;
import org.hybridvm.event.Events;
import org.hybridvm.store.Database;
import org.hybridvm.vm.Guest;
import org.hybridvm.vm.VmManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The manager of this node's VMs. It is opened in the background, because connecting to libvirt takes longer than hvmd may
 * take to answer. VMs that run are adopted before; until all is open only their jobs may have to do with them.
 */
final class NodeManager implements Supplier<VmManager>, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodeManager.class);

    private final CompletableFuture<VmManager> adopting = new CompletableFuture<>();
    private final CompletableFuture<VmManager> opening = new CompletableFuture<>();

    private NodeManager() {}

    /** @param images the folder of vmlinux and initramfs.cpio */
    static NodeManager open(Home home, Path images, Guest.Connector connector, Events events, Database database) {
        var node = new NodeManager();
        Thread.ofPlatform().daemon().name("open-vms").start(() -> {
            try {
                VmManager manager = VmManager.begin(home, images, connector, events, database);
                node.adopting.complete(manager);
                manager.finish();
                node.opening.complete(manager);
            } catch (Throwable failure) { // a missing libvirt is a LinkageError
                LOG.error("VMs cannot be managed", failure);
                node.opening.completeExceptionally(failure);
            }
        });
        return node;
    }

    /**
     * Waits until it is open.
     *
     * @throws HvmException if VMs cannot be managed on this host
     */
    @Override
    public VmManager get() {
        try {
            return opening.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof HvmException known) {
                throw known;
            }
            throw HvmException.of(ErrorCode.HOST_REQUIREMENT, "VMs cannot be managed on this host")
                    .value(e.getCause().toString())
                    .hint("hvm doctor; hvm logs hvmd")
                    .cause(e.getCause())
                    .build();
        }
    }

    /** Empty as long as it is not known which VMs there are. Does not block. */
    Optional<VmManager> now() {
        return opening.isDone() && !opening.isCompletedExceptionally() ? Optional.of(opening.join()) : Optional.empty();
    }

    /** The same with the VMs that ran when hvmd began, and maybe no others. Does not block. */
    Optional<VmManager> adopted() {
        return Optional.ofNullable(adopting.getNow(null));
    }

    /** Why VMs cannot be managed now. Does not block. */
    Optional<HvmException> obstacle() {
        if (!opening.isDone()) {
            return Optional.of(HvmException.of(ErrorCode.NOT_READY, "hvmd connects to libvirt and adopts VMs")
                    .hint("try again in a second")
                    .build());
        }
        try {
            return get().obstacle();
        } catch (HvmException e) {
            return Optional.of(e);
        }
    }

    /** Is done as soon as the VMs that run are adopted. */
    void whenAdopted(Consumer<VmManager> task) {
        adopting.thenAccept(task);
    }

    @Override
    public void close() {
        adopted().ifPresent(VmManager::close);
    }
}
