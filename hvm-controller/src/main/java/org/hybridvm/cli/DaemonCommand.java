// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.hybridvm.ErrorCode;
import org.hybridvm.Home;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;
import org.hybridvm.api.InstanceLock;
import org.hybridvm.store.Recovery;

/** {@code hvm daemon start|stop|status|config|certificate|recover}. */
final class DaemonCommand extends Command {
    private static final Set<String> LOCAL = Set.of("start", "stop", "certificate", "recover");
    private static final long STOP_SECONDS = 30;
    private static final long ANSWER_SECONDS = 10;
    private static final int CERTIFICATE_DAYS = 365;

    DaemonCommand(Context context) {
        super(context, "daemon", "Start or stop hvmd, or ask how it is");
        parameter("start|stop|status|config|certificate|recover", "1", "What to do.");
        repeated("NAME", "With certificate: a name or address of this host. Default: its name, localhost.", "--name");
        option(Integer.class, "DAYS", "With certificate: how long it is good. Default: 365.", "--days");
        flag("With recover: move what is damaged to the folder 'quarantine' beside the database.", "--quarantine");
        outputOption();
        explain(
                "",
                "Other commands start hvmd when they need it. Stopping it stops no VM: the next hvmd adopts them.",
                "",
                "config prints hvmd's configuration, defaults filled in. certificate makes a self-signed one for TLS,",
                "and its key, where hvmd looks for them if its configuration has 'listen: {}'.",
                "",
                "recover looks for damage in hvmd's database while hvmd does not run, and says what it finds; with",
                "--quarantine it moves that aside, deletes nothing, and keeps every sound record.");
        examples("hvm daemon status", "hvm daemon stop", "hvm daemon config", "hvm daemon recover --quarantine");
    }

    @Override
    public Integer call() {
        if (LOCAL.contains(parameter(0)) && context.environment().containsKey(Endpoint.URL)) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "This concerns the hvmd of this host only")
                    .value(Endpoint.URL + "=" + context.environment().get(Endpoint.URL))
                    .hint("unset " + Endpoint.URL)
                    .build();
        }
        switch (parameter(0)) {
            case "start" -> introduce();
            case "status" -> {
                return status();
            }
            case "stop" -> {
                requireRunning();
                stop();
            }
            case "config" ->
                context.out()
                        .print(YamlPrint.of(
                                client().get("/daemon/configuration").asMap()));
            case "certificate" -> certificate();
            case "recover" -> {
                return recover();
            }
            default ->
                throw HvmException.of(ErrorCode.INVALID_REQUEST, "No such action")
                        .value(parameter(0))
                        .allowed("start, stop, status, config, certificate, recover")
                        .build();
        }
        return OK;
    }

    /** Says who hvmd is; starts it if need be. */
    private void introduce() {
        JsonObject hvmd = client().get("/health/live");
        context.out()
                .println("hvmd %s runs, pid %d, socket %s"
                        .formatted(
                                hvmd.text("version"),
                                hvmd.number("pid"),
                                context.home().socket()));
    }

    private int status() {
        if (!context.environment().containsKey(Endpoint.URL)) {
            requireRunning();
        }
        return wantsJson() ? facts() : health();
    }

    private int facts() {
        var facts =
                new LinkedHashMap<String, Object>(client().get("/health/live").asMap());
        JsonObject found = client().getHealth("/health/ready");
        facts.put("ready", found.flag("ready"));
        facts.put(
                "phases",
                found.objects("phases").stream().map(JsonObject::asMap).toList());
        printJson(facts);
        return found.flag("ready") ? OK : REFUSED;
    }

    /** Status 1 if something that hvmd needs is missing now. */
    private int health() {
        introduce();
        JsonObject found = client().getHealth("/health/ready");
        boolean ready = found.flag("ready");
        context.out().println(ready ? "ready" : "not ready");
        found.objects("phases").stream()
                .filter(phase -> !phase.flag("ready"))
                .forEach(phase -> context.out().println("  " + phase.text("name") + ": " + phase.text("problem", "")));
        return ready ? OK : REFUSED;
    }

    private void certificate() {
        Home home = context.home();
        int days = number("--days") == null ? CERTIFICATE_DAYS : number("--days");
        SelfSigned.make(home.certificate(), home.key(), texts("--name"), days);
        context.out().println(home.certificate());
    }

    /** Done here, because hvmd does not start over a damaged database. Status 1 if damage was found and left. */
    private int recover() {
        try (InstanceLock _ = InstanceLock.take(context.home().lockFile())) {
            var recovery = new Recovery(context.home().database(), Clock.systemUTC());
            List<String> found = isSet("--quarantine") ? recovery.quarantine() : recovery.look();
            found.forEach(context.out()::println);
            if (found.isEmpty()) {
                context.out().println("nothing is damaged: " + context.home().database());
            } else if (!isSet("--quarantine")) {
                context.out().println("Try: hvm daemon recover --quarantine");
                return REFUSED;
            }
            return OK;
        } catch (IOException e) {
            throw HvmException.of(ErrorCode.HOST_PERMISSION, "The database cannot be mended")
                    .value(context.home().database() + " (" + e + ")")
                    .cause(e)
                    .build();
        }
    }

    /** Asks hvmd to end and waits until it has, so that the next command finds a clean field. */
    private void stop() {
        var asked = new CompletableFuture<Long>();
        Thread.ofVirtual().start(() -> {
            try {
                long pid = client().get("/health/live").number("pid");
                client().delete("/daemon");
                asked.complete(pid);
            } catch (RuntimeException e) {
                asked.completeExceptionally(e);
            }
        });
        awaitEnd(asked.completeOnTimeout(null, ANSWER_SECONDS, TimeUnit.SECONDS)
                .handle((pid, failure) -> pid != null ? pid : terminate(failure))
                .join());
    }

    /** It listens and does not answer, for instance because its files were replaced under it. */
    private long terminate(Throwable failure) {
        long pid = lockOwner()
                .orElseThrow(() -> HvmException.of(ErrorCode.INTERNAL, "hvmd does not answer")
                        .cause(failure)
                        .hint("kill the process that listens on "
                                + context.home().socket())
                        .build());
        ProcessHandle.of(pid).ifPresent(ProcessHandle::destroy);
        return pid;
    }

    private OptionalLong lockOwner() {
        try {
            return OptionalLong.of(
                    Long.parseLong(Files.readString(context.home().lockFile()).strip()));
        } catch (IOException | NumberFormatException e) {
            return OptionalLong.empty();
        }
    }

    private static void awaitEnd(long pid) {
        ProcessHandle.of(pid)
                .filter(one -> pid != ProcessHandle.current().pid())
                .ifPresent(one -> one.onExit()
                        .orTimeout(STOP_SECONDS, TimeUnit.SECONDS)
                        .exceptionally(late -> {
                            throw HvmException.of(ErrorCode.INTERNAL, "hvmd does not end")
                                    .value("process " + pid)
                                    .hint("kill " + pid)
                                    .build();
                        })
                        .join());
    }

    private void requireRunning() {
        new Daemon(context.home()).requireRunning();
    }
}
