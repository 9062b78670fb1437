// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.host.HostChecks;
import org.libvirt.Connect;
import org.libvirt.Domain;
import org.libvirt.Library;
import org.libvirt.LibvirtException;
import org.libvirt.event.DomainEvent;
import org.libvirt.event.DomainEventType;
import org.libvirt.event.LifecycleListener;
import org.libvirt.jna.ConnectionPointer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connection to libvirt: by default its embedded driver, which needs no daemon and whose VMs outlive this process; a
 * new connection to the same root folder finds them again. Calls block; none may come from an event loop.
 */
final class Libvirt implements AutoCloseable {
    /** Chooses another libvirt, e.g. {@code qemu:///system}. */
    static final String URI_VARIABLE = "HVM_LIBVIRT_URI";

    private static final Logger LOG = LoggerFactory.getLogger(Libvirt.class);

    /** virDomainCreateFlags: start paused; validate the XML against the schema. */
    private static final int CREATE_PAUSED = 1;

    private static final int CREATE_VALIDATE = 16;
    private static final long POLL_MILLIS = 20;

    private final OpenConnect connect;
    private final boolean unprivileged;

    /** Kept here because libvirt only holds a weak hand on it. */
    private final LifecycleListener listener;

    private Libvirt(OpenConnect connect, boolean unprivileged, Consumer<End> ended) {
        this.connect = connect;
        this.unprivileged = unprivileged;
        this.listener = (domain, event) -> onEvent(domain, event, ended);
    }

    /**
     * A domain that ended.
     *
     * @param uuid of the domain: another one may have its name by now
     * @param cause a word of libvirt's: DESTROYED, CRASHED, FAILED, SHUTDOWN
     */
    record End(UUID uuid, String cause) {}

    /**
     * @param root the embedded driver's own folder
     * @param ended hears of every domain that ended, from libvirt's event thread, which it must not block
     */
    static Libvirt open(Path root, Consumer<End> ended) {
        String uri = Optional.ofNullable(System.getenv(URI_VARIABLE))
                .filter(text -> !text.isBlank())
                .orElse("qemu:///embed?root=" + root);
        try {
            if (uri.startsWith("qemu:///embed")) {
                configure(root);
            }
            // The loop must be registered before the connection is opened, and driven from then on.
            Library.initEventLoop();
            Thread.ofPlatform().daemon().name("libvirt-events").start(Libvirt::runEvents);
            boolean unprivileged = !uri.startsWith("qemu:///system") && !HostChecks.isRoot();
            var libvirt = new Libvirt(new OpenConnect(URI.create(uri)), unprivileged, ended);
            libvirt.connect.addLifecycleListener(libvirt.listener);
            LOG.info("libvirt is open uri={} version={}", uri, libvirt.connect.getLibVersion());
            return libvirt;
        } catch (LibvirtException | UnsatisfiedLinkError | IOException e) {
            throw HvmException.of(ErrorCode.HOST_REQUIREMENT, "libvirt cannot be opened")
                    .value(uri + ": " + e.getMessage())
                    .hint("hvm doctor; apt-get install libvirt0 libvirt-daemon-driver-qemu qemu-system-x86")
                    .cause(e)
                    .build();
        }
    }

    private static void runEvents() {
        while (true) {
            try {
                Library.processEvent();
            } catch (LibvirtException e) {
                LOG.warn("libvirt's event loop: {}", e.getMessage());
            }
        }
    }

    /** Whether the driver runs as a plain user, and so cannot do what needs root. */
    boolean isUnprivileged() {
        return unprivileged;
    }

    /** qemu.conf of the embedded driver: no helper daemons, QEMU's sandbox on. */
    private static void configure(Path root) throws IOException {
        Path file = root.resolve("etc/qemu.conf");
        Files.createDirectories(file.getParent());
        Files.writeString(file, """
                # Written by hvmd at every start.
                stdio_handler = "file"
                seccomp_sandbox = 1
                security_driver = "none"
                remember_owner = 0
                cgroup_controllers = [ ]
                namespaces = [ ]
                """);
    }

    private static int onEvent(Domain domain, DomainEvent event, Consumer<End> ended) {
        DomainEventType type = event.getType();
        if (type != DomainEventType.STOPPED && type != DomainEventType.CRASHED) {
            return 0;
        }
        try {
            ended.accept(new End(
                    UUID.fromString(domain.getUUIDString()),
                    type == DomainEventType.CRASHED
                            ? "CRASHED"
                            : event.getDetail().toString()));
        } catch (LibvirtException e) {
            LOG.warn("an event of an unknown domain: {}", e.getMessage());
        }
        return 0; // libvirt ignores it
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

    QemuMonitor monitor() {
        return new QemuMonitor(connect.pointer());
    }

    /** Makes QEMU and leaves its CPUs stopped. */
    void createPaused(String xml) throws LibvirtException {
        connect.domainCreateXML(xml, CREATE_PAUSED | CREATE_VALIDATE);
    }

    void resume(String domain) throws LibvirtException {
        connect.domainLookupByName(domain).resume();
    }

    /** True if the domain is there, running or not. */
    boolean exists(String domain) {
        try {
            connect.domainLookupByName(domain);
            return true;
        } catch (LibvirtException e) {
            return false;
        }
    }

    /**
     * Waits until libvirt has forgotten a domain whose QEMU is gone: for some tenths of a second its name is taken.
     *
     * @throws IOException if the domain is still there at the limit
     */
    void awaitGone(String domain, Duration limit) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (exists(domain)) {
            if (System.nanoTime() > deadline) {
                throw new IOException("libvirt still has the domain " + domain + ", whose VM is gone");
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    /** Ends QEMU; nothing happens if it is gone. */
    void destroy(String domain) throws LibvirtException {
        Domain found;
        try {
            found = connect.domainLookupByName(domain);
        } catch (LibvirtException e) {
            return;
        }
        try {
            found.destroy();
        } catch (LibvirtException e) {
            if (exists(domain)) {
                throw e;
            }
        }
    }

    @Override
    public void close() {
        // Not closed on purpose: the process ends, QEMU stays, and the next connection to the same root adopts it.
    }
}
