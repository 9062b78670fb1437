// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import io.vertx.core.Vertx;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.hybridvm.Home;
import org.hybridvm.access.AuditLog;
import org.hybridvm.access.OwnIdentity;
import org.hybridvm.access.Tokens;
import org.hybridvm.api.AccessControl;
import org.hybridvm.api.ApiServer;
import org.hybridvm.api.FakeVmControl;
import org.hybridvm.config.Configuration;
import org.hybridvm.config.ConfigurationReader;
import org.hybridvm.config.Limits;
import org.hybridvm.event.EventLog;
import org.hybridvm.job.JobBooks;
import org.hybridvm.job.JobService;
import org.hybridvm.store.Database;

/** hvmd over VMs in memory, which end with it, on a real socket; and command lines against it. All in this process. */
public final class HvmTester implements AutoCloseable {
    private static final long LIMIT_SECONDS = 10;

    public final Home home;
    public final JobService jobs;
    public final EventLog events;
    public final CountDownLatch shutdown = new CountDownLatch(1);
    private final Path directory;
    private final Vertx vertx = Vertx.vertx();
    public final ApiServer server;
    private final FakeVmControl vms;
    private final Database database;
    private final AuditLog audit;

    /** @param folder short, because the socket's path must be */
    public HvmTester(FakeVmControl vms, Path folder) throws Exception {
        this(vms, folder, Limits.STANDARD);
    }

    public HvmTester(FakeVmControl vms, Path folder, Limits limits) throws Exception {
        this.vms = vms;
        home = new Home(folder.resolve("s"), folder.resolve("r"));
        directory = folder.toRealPath();
        Files.createDirectories(home.run());
        Files.createDirectories(home.state());
        database = Database.open(home.database());
        vms.layouts().keepIn(database);
        events = new EventLog(database, Clock.systemUTC());
        Configuration configuration = new ConfigurationReader(home).read();
        jobs = new JobService(
                vms,
                OwnIdentity.ofThisProcess(),
                configuration.quotas(configuration.rules()),
                JobBooks.open(database, events, home.jobs(), Clock.systemUTC()),
                Clock.systemUTC());
        Files.createDirectories(home.logs());
        audit = new AuditLog(home.auditLog(), 1 << 20, 2, Clock.systemUTC());
        var access = new AccessControl(
                configuration,
                configuration.rules(),
                new Tokens(database, configuration.rules(), Clock.systemUTC()),
                audit);
        server = new ApiServer(
                vertx, new ApiServer.Parts(vms, jobs, events, database, access, limits, shutdown::countDown));
        server.listen(home.socket()).toCompletionStage().toCompletableFuture().get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    /** What a command line did. */
    public record Outcome(int status, String out, String err) {}

    public Outcome run(String... words) {
        return runWithInput("", words);
    }

    Outcome runWithInput(String input, String... words) {
        return run(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)), words);
    }

    Outcome run(InputStream input, String... words) {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        int status = Hvm.run(context(input, out, err), words);
        return new Outcome(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    /** With further variables in its environment. */
    Outcome run(Map<String, String> variables, String... words) {
        return runWithInput(variables, "", words);
    }

    Outcome runWithInput(Map<String, String> variables, String input, String... words) {
        var in = new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8));
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        int status = Hvm.run(context(in, out, err, variables), words);
        return new Outcome(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    Context context(InputStream input, OutputStream out, OutputStream err) {
        return context(input, out, err, Map.of());
    }

    private Context context(InputStream input, OutputStream out, OutputStream err, Map<String, String> variables) {
        var environment = new HashMap<>(Map.of("PATH", "/usr/bin:/bin", "OMP_NUM_THREADS", "3", "SECRET", "x"));
        environment.putAll(variables);
        return new Context(
                input,
                out,
                err,
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                environment,
                directory,
                home,
                false);
    }

    @Override
    public void close() throws IOException {
        vms.close();
        jobs.close();
        vertx.close()
                .toCompletionStage()
                .toCompletableFuture()
                .orTimeout(LIMIT_SECONDS, TimeUnit.SECONDS)
                .join();
        audit.close();
        events.close();
        database.close();
    }
}
