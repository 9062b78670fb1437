// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.host.HostChecks;
import org.libvirt.Domain;
import org.libvirt.Error;
import org.libvirt.Library;
import org.libvirt.LibvirtException;
import org.libvirt.event.DomainEvent;
import org.libvirt.event.DomainEventType;
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
    private static final Path SYSTEM_LOGS = Path.of("/var/log/libvirt/qemu");

    private final URI uri;
    private final Path root;
    private final boolean unprivileged;
    private final LibvirtConnection connection;

    /** Is done when it was tried to open the connection. */
    private final CompletableFuture<Void> opening = new CompletableFuture<>();

    /** Hears of every domain that ended. */
    private volatile Consumer<End> ended = end -> {};

    private Libvirt(URI uri, Path root) {
        this.uri = uri;
        this.root = root;
        this.unprivileged = !"/system".equals(uri.getPath()) && !HostChecks.isRoot();
        this.connection =
                new LibvirtConnection(uri, (domain, event) -> onEvent(domain, event, end -> ended.accept(end)));
    }

    /**
     * A domain that ended.
     *
     * @param uuid of the domain: another one may have its name by now
     * @param cause a word of libvirt's: DESTROYED, CRASHED, FAILED, SHUTDOWN
     */
    record End(UUID uuid, String cause) {}

    /** @param listener hears from now on of every domain that ended, from libvirt's event thread, which it must not block */
    void onEnd(Consumer<End> listener) {
        ended = listener;
    }

    /**
     * The libvirt of this node; calls wait until it was told to {@link #begin}, and is open.
     *
     * @param root the embedded driver's own folder
     */
    static Libvirt of(Path root) {
        String uri = Optional.ofNullable(System.getenv(URI_VARIABLE))
                .filter(text -> !text.isBlank())
                .orElse("qemu:///embed?root=" + root);
        return new Libvirt(URI.create(uri), root);
    }

    /** Begins to open the connection, which takes some tenths of a second; does not wait for it. */
    void begin() {
        Thread.ofPlatform().daemon().name("libvirt-open").start(() -> {
            try {
                open();
                opening.complete(null);
            } catch (LibvirtException | UnsatisfiedLinkError | IOException e) {
                opening.completeExceptionally(notOpen(e));
            } catch (RuntimeException | java.lang.Error e) {
                opening.completeExceptionally(e);
            }
        });
    }

    private void open() throws IOException, LibvirtException {
        if (connection.isEmbedded()) {
            configure(root);
        }
        // The loop must be registered before the connection is opened, and driven from then on.
        Library.initEventLoop();
        Thread.ofPlatform().daemon().name("libvirt-events").start(Libvirt::runEvents);
        connection.open();
    }

    private HvmException notOpen(Throwable cause) {
        return HvmException.of(ErrorCode.HOST_REQUIREMENT, "libvirt cannot be opened")
                .value(uri + ": " + cause.getMessage())
                .hint("hvm doctor; apt-get install libvirt0 libvirt-daemon-driver-qemu qemu-system-x86")
                .cause(cause)
                .build();
    }

    /**
     * Waits until the connection is open, or a daemon did not answer.
     *
     * @throws HvmException if there is no libvirt, or its embedded driver does not come up
     */
    void awaitOpen() {
        try {
            opening.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof HvmException known ? known : e;
        }
    }

    private LibvirtConnection connection() {
        awaitOpen();
        return connection;
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

    /** Why libvirt's daemon cannot be asked now; empty if it can. Does not block. */
    Optional<HvmException> obstacle() {
        return connection
                .loss()
                .map(why -> HvmException.of(ErrorCode.HOST_REQUIREMENT, "libvirt does not answer")
                        .value(uri + ": " + why)
                        .owner("libvirt's daemon")
                        .hint(
                                "start it, e.g. systemctl start libvirtd: hvmd connects by itself; VMs and jobs go on meanwhile")
                        .build());
    }

    /** @param observer told why libvirt cannot be asked any more, and nothing when it can again; must not block */
    void onChange(Consumer<Optional<String>> observer) {
        connection.onChange(observer);
    }

    QemuMonitor monitor() {
        return new QemuMonitor(connection());
    }

    /** Where QEMU's own words go, and what libvirt says of its start. */
    Path qemuLog(String domain) {
        Path folder = connection.isEmbedded()
                ? root.resolve("log/qemu")
                : "/system".equals(uri.getPath()) ? SYSTEM_LOGS : userLogs(System.getenv());
        return folder.resolve(domain + ".log");
    }

    /** Of the session's daemon: below the user's cache folder. */
    private static Path userLogs(Map<String, String> environment) {
        String cache = environment.getOrDefault("XDG_CACHE_HOME", System.getProperty("user.home") + "/.cache");
        return Path.of(cache, "libvirt/qemu/log");
    }

    /** Makes QEMU and leaves its CPUs stopped. */
    void createPaused(String xml) throws LibvirtException {
        connection().get().domainCreateXML(xml, CREATE_PAUSED | CREATE_VALIDATE);
    }

    void resume(String domain) throws LibvirtException {
        connection().get().domainLookupByName(domain).resume();
    }

    /** True if the domain is there, running or not. */
    boolean exists(String domain) throws LibvirtException {
        return find(domain).isPresent();
    }

    /** Empty if libvirt says that there is none; that it cannot say is an error. */
    private Optional<Domain> find(String domain) throws LibvirtException {
        try {
            return Optional.of(connection().get().domainLookupByName(domain));
        } catch (LibvirtException e) {
            if (e.getError() != null && e.getError().getCode() == Error.ErrorNumber.VIR_ERR_NO_DOMAIN) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /**
     * Waits until libvirt has forgotten a domain whose QEMU is gone: for some tenths of a second its name is taken.
     *
     * @throws IOException if the domain is still there at the limit
     */
    void awaitGone(String domain, Duration limit) throws IOException, LibvirtException, InterruptedException {
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
        Optional<Domain> found = find(domain);
        if (found.isEmpty()) {
            return;
        }
        try {
            found.get().destroy();
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
