// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.access.Caller;
import org.hybridvm.ipc.WindowStatus;
import org.hybridvm.job.JobRequest;
import org.hybridvm.job.JobService;

/**
 * The programs that serve the windows of this node's VMs, one for each VM, begun when the first call comes. Each takes an
 * HRT core, gives it back when no call came for a while, and gives way to jobs. Calls block, for seconds at most.
 */
final class FunctionServers {
    private static final String PROGRAM = "/bin/hvm-serve";
    private static final int SIGTERM = 15;
    private static final int SIGKILL = 9;

    /** How long a server that nobody calls keeps its core. */
    static final Duration IDLE = Duration.ofSeconds(10);

    private static final Duration START_LIMIT = Duration.ofSeconds(15);
    private static final Duration END_LIMIT = Duration.ofSeconds(2);
    private static final long LOOK_MILLIS = 2;

    private final VmControl vms;
    private final JobService jobs;
    private final Map<String, FunctionServer> servers = new ConcurrentHashMap<>();

    FunctionServers(VmControl vms, JobService jobs) {
        this.vms = vms;
        this.jobs = jobs;
    }

    /**
     * Sees that a VM's window is served.
     *
     * @param partition whose core serves it; empty: any
     * @param libraries shared objects whose functions must be offered, as the guest sees them
     * @return facts: {@code vm}, {@code window} (the file), {@code job}, {@code generation}
     * @throws HvmException if the VM is not up, no core is free, or the server does not begin
     */
    Map<String, Object> require(String vm, Optional<String> partition, List<String> libraries) {
        Path window = vms.window(vm);
        if (!hasWindow(vm)) {
            throw HvmException.of(ErrorCode.HOST_RESOURCES, "The VM's window is gone")
                    .value(window)
                    .owner(vm)
                    .hint("hvm destroy " + vm + " and launch it again")
                    .build();
        }
        servers.computeIfAbsent(vm, name -> adopted(name).orElse(null));
        FunctionServer[] found = new FunctionServer[1];
        servers.compute(
                vm,
                (name, old) -> found[0] = fits(old, window, partition, libraries)
                        ? old
                        : replace(name, old, window, partition, libraries));
        var facts = new LinkedHashMap<String, Object>();
        facts.put("vm", vm);
        facts.put("window", window.toString());
        facts.put("job", found[0].job().number());
        facts.put("partition", found[0].job().record().partition());
        facts.put("generation", Integer.toUnsignedLong(found[0].generation()));
        return facts;
    }

    /** Whether the VM's window is there; one that somebody deleted cannot be served. */
    boolean hasWindow(String vm) {
        return Files.exists(vms.window(vm));
    }

    /** Ends the VM's server, if there is one: nobody shall find its core taken, or a table that is out of date. */
    void retire(String vm) {
        servers.computeIfAbsent(vm, name -> adopted(name).orElse(null));
        servers.computeIfPresent(vm, (name, server) -> {
            if (server.lives()) {
                end(server);
            }
            return null;
        });
    }

    /** The same for all VMs. */
    void retireAll() {
        List.copyOf(servers.keySet()).forEach(this::retire);
    }

    /** A server that an earlier hvmd has begun; what it serves is in its command line. */
    private Optional<FunctionServer> adopted(String vm) {
        return jobs.orphanedServer(vm).map(job -> {
            List<String> arguments = job.record().arguments();
            var libraries = new LinkedHashSet<String>();
            for (int i = 1; i < arguments.size(); i++) {
                if (arguments.get(i - 1).equals("--library")) {
                    libraries.add(arguments.get(i));
                }
            }
            var server = new FunctionServer(libraries);
            jobs.adopt(job, server);
            server.began(job);
            server.generation(WindowStatus.read(vms.window(vm)).generation());
            return server;
        });
    }

    private static boolean fits(
            FunctionServer server, Path window, Optional<String> partition, List<String> libraries) {
        return server != null
                && server.lives()
                && server.libraries().containsAll(libraries)
                && partition.map(server.job().record().partition()::equals).orElse(true)
                && server.serves(WindowStatus.read(window));
    }

    private FunctionServer replace(
            String vm, FunctionServer old, Path window, Optional<String> partition, List<String> libraries) {
        Set<String> all = new LinkedHashSet<>(libraries);
        if (old != null && old.lives()) {
            all.addAll(old.libraries());
            end(old);
        }
        WindowStatus before = WindowStatus.read(window);
        var server = new FunctionServer(all);
        server.began(jobs.serve(request(vm, partition, all), server));
        await(server, window, before);
        return server;
    }

    private static void end(FunctionServer server) {
        server.job().signal(SIGTERM);
        if (!server.awaitEnd(END_LIMIT)) {
            server.job().signal(SIGKILL);
            server.awaitEnd(END_LIMIT);
        }
    }

    private JobRequest request(String vm, Optional<String> partition, Set<String> libraries) {
        Caller self = jobs.self();
        List<String> arguments = new ArrayList<>(
                List.of("--idle", String.valueOf(IDLE.toSeconds()), "--user", self.uid() + ":" + self.gid()));
        partition.ifPresent(name -> arguments.addAll(List.of("--partition", name)));
        libraries.forEach(library -> arguments.addAll(List.of("--library", library)));
        return new JobRequest.Builder(PROGRAM, arguments)
                .vm(Optional.of(vm))
                .partition(partition)
                .environment(List.of("PATH=/bin:/sbin"))
                .asRoot()
                .build();
    }

    private static void await(FunctionServer server, Path window, WindowStatus before) {
        long deadline = System.nanoTime() + START_LIMIT.toNanos();
        WindowStatus now = WindowStatus.read(window);
        while (!now.serves() || now.generation() == before.generation()) {
            if (!server.lives()) {
                throw server.failure(PROGRAM);
            }
            if (System.nanoTime() > deadline) {
                end(server);
                throw HvmException.of(ErrorCode.GUEST_TIMEOUT, "The server of the window does not begin")
                        .value(PROGRAM + ", after " + START_LIMIT.toSeconds() + " s")
                        .owner("job " + server.job().number())
                        .hint("hvm jobs " + server.job().number())
                        .build();
            }
            pause();
            now = WindowStatus.read(window);
        }
        server.generation(now.generation());
    }

    private static void pause() {
        try {
            Thread.sleep(LOOK_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw HvmException.of(ErrorCode.SHUTTING_DOWN, "hvmd stops")
                    .cause(e)
                    .build();
        }
    }
}
