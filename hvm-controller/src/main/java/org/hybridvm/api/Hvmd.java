// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.hybridvm.ErrorCode;
import org.hybridvm.Home;
import org.hybridvm.HvmException;
import org.hybridvm.NativeLibraries;
import org.hybridvm.access.AccessRules;
import org.hybridvm.access.AuditLog;
import org.hybridvm.access.OwnIdentity;
import org.hybridvm.access.Tokens;
import org.hybridvm.config.Configuration;
import org.hybridvm.config.ConfigurationReader;
import org.hybridvm.event.EventLog;
import org.hybridvm.guest.AgentGuest;
import org.hybridvm.host.ServiceManager;
import org.hybridvm.job.JobBooks;
import org.hybridvm.job.JobService;
import org.hybridvm.store.Database;
import org.hybridvm.store.InstanceId;
import org.hybridvm.trace.JobTracer;
import org.hybridvm.vm.Guest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The daemon. It takes the lock of its state folder, opens its socket, says {@code ready} on standard output, and serves
 * until a signal or {@code hvm daemon stop}. VMs outlive it.
 */
public final class Hvmd {
    private static final Set<PosixFilePermission> PRIVATE = PosixFilePermissions.fromString("rwx------");

    /** As root, libvirt runs QEMU as a user of its own, who must get through to what is QEMU's below our folders. */
    private static final Set<PosixFilePermission> PASSABLE = PosixFilePermissions.fromString("rwx--x--x");

    /** QEMU's own user must get through to the images and sockets that hvmd gives it, and see nothing on the way. */
    private static final Set<PosixFilePermission> PASSAGE = PosixFilePermissions.fromString("rwx--x--x");

    private static final long CLOSE_SECONDS = 10;
    private static final int FAILED = 1;

    /** Another hvmd has the state folder: not a failure to whoever only wants one to run. */
    private static final int ALREADY_RUNNING = 75;

    private final Home home;
    private final CountDownLatch stopRequest = new CountDownLatch(1);
    private final CountDownLatch stopped = new CountDownLatch(1);

    private Hvmd(Home home) {
        this.home = home;
    }

    /** @param arguments the state folder and the run folder, or nothing: the user's own */
    public static void main(String[] arguments) {
        int status = FAILED;
        try {
            Home home =
                    arguments.length == 2 ? new Home(Path.of(arguments[0]), Path.of(arguments[1])) : Home.ofThisUser();
            System.setProperty(LogSetup.FILE_PROPERTY, home.daemonLog().toString()); // before any class that logs
            NativeLibraries.prefer();
            status = new Hvmd(home).serve();
        } catch (HvmException e) {
            System.err.println("hvmd: " + e.getMessage());
            status = e.code() == ErrorCode.WRONG_STATE ? ALREADY_RUNNING : FAILED;
        } catch (Throwable failure) {
            failure.printStackTrace();
        }
        System.err.flush();
        Runtime.getRuntime().halt(status); // threads of libraries do not keep the process alive
    }

    private int serve() throws Exception {
        make(home.state(), PASSAGE);
        make(home.run(), PASSAGE);
        make(home.jobs(), PRIVATE);
        make(home.logs(), PRIVATE);
        try (InstanceLock _ = InstanceLock.take(home.lockFile())) {
            Runtime.getRuntime().addShutdownHook(new Thread(this::stopAndWait, "shutdown"));
            Configuration configuration = new ConfigurationReader(home).read();
            LogSetup.apply(configuration.log());
            Logger log = LoggerFactory.getLogger(Hvmd.class);
            byte[] instance = InstanceId.of(home.instance());
            Guest.Connector agents = (socket, limit, lost) -> AgentGuest.connect(socket, instance, limit, lost);
            Optional<JobTracer> tracer = JobTracer.of(System.getenv());
            AccessRules rules = configuration.rules();
            try (Database database = Database.open(home.database());
                    AuditLog audit = audit(configuration.audit());
                    EventLog events = new EventLog(database, Clock.systemUTC());
                    NodeVms vms = NodeVms.open(home, agents, events, database); // early: jobs wait to be adopted
                    JobService jobs = new JobService(
                            vms.machines(),
                            OwnIdentity.ofThisProcess(),
                            configuration.quotas(rules),
                            JobBooks.open(database, events, home.jobs(), Clock.systemUTC()),
                            Clock.systemUTC())) {
                vms.tellJobs(jobs);
                tracer.ifPresent(jobs::observe);
                var access =
                        new AccessControl(configuration, rules, new Tokens(database, rules, Clock.systemUTC()), audit);
                var server = new ApiServer(
                        Vertx.vertx(vertxOptions()),
                        new ApiServer.Parts(
                                vms, jobs, events, database, access, configuration.limits(), stopRequest::countDown));
                server.listen(home.socket())
                        .toCompletionStage()
                        .toCompletableFuture()
                        .get(CLOSE_SECONDS, TimeUnit.SECONDS);
                log.info("hvmd serves pid={} socket={}", ProcessHandle.current().pid(), home.socket());
                sayReady();
                jobs.awaitOpen(); // or it ends: without its jobs it is of no use
                stopRequest.await();
                log.info("hvmd stops, VMs go on");
                Files.deleteIfExists(home.socket());
                jobs.letGo();
                server.close().toCompletionStage().toCompletableFuture().get(CLOSE_SECONDS, TimeUnit.SECONDS);
            }
            tracer.ifPresent(JobTracer::close);
            return 0;
        } finally {
            stopped.countDown();
        }
    }

    private AuditLog audit(Configuration.Audit audit) throws IOException {
        return new AuditLog(home.auditLog(), audit.size(), audit.files(), Clock.systemUTC());
    }

    /** Few clients; and no files of ours go through Vert.x, so it needs no cache folder in /tmp. */
    private static VertxOptions vertxOptions() {
        return new VertxOptions()
                .setEventLoopPoolSize(2)
                .setFileSystemOptions(
                        new FileSystemOptions().setFileCachingEnabled(false).setClassPathResolvingEnabled(false));
    }

    /** On a signal: the JVM ends when its shutdown hooks have. */
    private void stopAndWait() {
        stopRequest.countDown();
        try {
            stopped.await(CLOSE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whoever started us reads this line; afterwards the pipe is let go. */
    private static void sayReady() {
        System.out.println("ready");
        System.out.close();
        ServiceManager.tellReady(System.getenv());
    }

    private static void make(Path folder, Set<PosixFilePermission> permissions) throws IOException {
        try {
            Files.createDirectories(folder);
            Files.setPosixFilePermissions(folder, permissions);
        } catch (IOException e) {
            throw HvmException.of(ErrorCode.HOST_PERMISSION, "A folder of hvmd cannot be made or is somebody else's")
                    .value(folder + " (" + e.getMessage() + ")")
                    .hint("set " + Home.VARIABLE + " to a folder of your own")
                    .cause(e)
                    .build();
        }
    }
}
