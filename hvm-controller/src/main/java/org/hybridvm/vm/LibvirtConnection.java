// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import org.libvirt.Connect;
import org.libvirt.LibvirtException;
import org.libvirt.event.LifecycleListener;
import org.libvirt.jna.ConnectionPointer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection to libvirt that is opened again when it was lost. The embedded driver lives and dies with this process; a daemon
 * may be stopped and started anew, or come up after us. Until it answers, calls fail. QEMU does not mind, and its death is seen
 * without libvirt. Calls block.
 */
final class LibvirtConnection {
    private static final Logger LOG = LoggerFactory.getLogger(LibvirtConnection.class);

    private static final Duration LOOK_PERIOD = Duration.ofSeconds(1);

    /** A daemon that is there and does not answer is lost after their product. */
    private static final int KEEPALIVE_SECONDS = 5;

    private static final int KEEPALIVE_COUNT = 3;

    private final URI uri;
    private final LifecycleListener listener;

    /** Null until libvirt answered for the first time. One that is replaced is closed when nobody uses it any more. */
    private volatile OpenConnect connect;

    /** Why libvirt cannot be asked. */
    private volatile Optional<String> loss = Optional.empty();

    private volatile Consumer<Optional<String>> observer = why -> {};

    /** @param listener hears of every domain, whichever connection tells; kept here because libvirt holds only a weak hand on it */
    LibvirtConnection(URI uri, LifecycleListener listener) {
        this.uri = uri;
        this.listener = listener;
    }

    /**
     * Opens the connection. libvirt's event loop is registered, and driven.
     *
     * @throws LibvirtException if the embedded driver does not come up; a daemon is waited for in the background
     */
    void open() throws LibvirtException {
        try {
            get();
        } catch (LibvirtException e) {
            if (isEmbedded()) {
                throw e;
            }
            lost(e.getMessage());
        }
        if (!isEmbedded()) {
            Thread.ofPlatform().daemon().name("libvirt-connection").start(this::keepOpen);
        }
    }

    boolean isEmbedded() {
        return "/embed".equals(uri.getPath());
    }

    /** Why libvirt cannot be asked now; empty if it can. Does not block. */
    Optional<String> loss() {
        return loss;
    }

    /** @param observer told why the connection is lost, and nothing when it is open again; by threads that it must not block */
    void onChange(Consumer<Optional<String>> observer) {
        this.observer = observer;
    }

    /**
     * The connection; opened again, if it was lost.
     *
     * @throws LibvirtException if libvirt does not answer
     */
    synchronized Connect get() throws LibvirtException {
        return current();
    }

    /** For functions of libvirt that libvirt-java does not bind. */
    synchronized ConnectionPointer pointer() throws LibvirtException {
        return current().pointer();
    }

    private OpenConnect current() throws LibvirtException {
        OpenConnect known = connect;
        if (known != null && known.isAlive()) {
            return known;
        }
        if (known != null) {
            lost("the connection broke");
        }
        var opened = new OpenConnect(uri);
        opened.addLifecycleListener(listener);
        if (!isEmbedded()) {
            opened.setKeepAlive(KEEPALIVE_SECONDS, KEEPALIVE_COUNT);
        }
        connect = opened;
        LOG.info("libvirt is open uri={} version={}", uri, opened.getLibVersion());
        if (loss.isPresent()) {
            loss = Optional.empty();
            observer.accept(loss);
        }
        return opened;
    }

    private void lost(String why) {
        if (loss.isEmpty()) {
            LOG.warn("libvirt does not answer uri={} reason={}", uri, why);
            loss = Optional.of(why);
            observer.accept(loss);
        }
    }

    private void keepOpen() {
        while (true) {
            try {
                Thread.sleep(LOOK_PERIOD);
                get();
            } catch (LibvirtException e) {
                LOG.debug("libvirt does not answer yet", e);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /** libvirt-java keeps the connection's pointer for its own classes and their children. */
    private static final class OpenConnect extends Connect {
        OpenConnect(URI uri) throws LibvirtException {
            super(uri);
        }

        ConnectionPointer pointer() {
            return vcp;
        }
    }
}
