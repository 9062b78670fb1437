// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;

/** {@code hvm daemon start|stop|status}. */
final class DaemonCommand extends Command {
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
                                .formatted(version.text("version"), version.number("pid"), context.home().socket()));
            }
            case "stop" -> {
                requireRunning();
                client().delete("/daemon");
            }
            default -> throw HvmException.of(ErrorCode.INVALID_REQUEST, "No such action")
                    .value(parameter(0))
                    .allowed("start, stop, status")
                    .build();
        }
        return OK;
    }

    private void requireRunning() {
        new Daemon(context.home()).requireRunning();
    }
}
