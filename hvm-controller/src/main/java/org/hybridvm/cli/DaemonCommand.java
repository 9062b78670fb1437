// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;

/** {@code hvm daemon start|stop|status}. */
final class DaemonCommand extends Command {
    private static final long STOP_SECONDS = 30;
    private static final long ANSWER_SECONDS = 10;

    DaemonCommand(Context context) {
        super(context, "daemon", "Start or stop hvmd, or ask how it is");
        parameter("start|stop|status", "1", "What to do.");
        explain("", "Other commands start hvmd when they need it. Stopping it stops no VM: the next hvmd adopts them.");
        examples("hvm daemon status", "hvm daemon stop");
    }

    @Override
    public Integer call() {
        switch (parameter(0)) {
            case "start", "status" -> {
                if (parameter(0).equals("status")) {
                    requireRunning();
                }
                JsonObject version = client().get("/version");
                context.out()
                        .println("hvmd %s runs, pid %d, socket %s"
                                .formatted(
                                        version.text("version"),
                                        version.number("pid"),
                                        context.home().socket()));
            }
            case "stop" -> {
                requireRunning();
                stop();
            }
            default ->
                throw HvmException.of(ErrorCode.INVALID_REQUEST, "No such action")
                        .value(parameter(0))
                        .allowed("start, stop, status")
                        .build();
        }
        return OK;
    }

    /** Asks hvmd to end and waits until it has, so that the next command finds a clean field. */
    private void stop() {
        var asked = new CompletableFuture<Long>();
        Thread.ofVirtual().start(() -> {
            try {
                long pid = client().get("/version").number("pid");
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
