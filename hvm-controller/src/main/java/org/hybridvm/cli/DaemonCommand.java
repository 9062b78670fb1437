// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;

/** {@code hvm daemon start|stop|status}. */
final class DaemonCommand extends Command {
    private static final long STOP_SECONDS = 30;

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
        long pid = client().get("/version").number("pid");
        Optional<ProcessHandle> process = ProcessHandle.of(pid)
                .filter(one -> pid != ProcessHandle.current().pid());
        client().delete("/daemon");
        process.ifPresent(one -> one.onExit()
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
