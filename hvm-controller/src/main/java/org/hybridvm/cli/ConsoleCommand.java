// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;

/** {@code hvm console VM}. */
final class ConsoleCommand extends Command {
    ConsoleCommand(Context context) {
        super(context, "console", "Show the VM's serial console, or type on it");
        parameter("VM", "1", "The VM's name.");
        flag("Go on as it writes more, until interrupted.", "-f", "--follow");
        flag("Type on it; ctrl-] leaves.", "-i", "--interactive");
        explain(
                "",
                "Without options: what the Linux partition has written to it so far. With -i this terminal is the",
                "console's, every key goes to the guest.");
        examples("hvm console demo", "hvm console -f demo", "hvm console -i demo");
    }

    @Override
    public Integer call() throws IOException {
        String path = "/vms/" + Client.segment(parameter(0)) + "/console";
        if (isSet("--interactive")) {
            return interact(path);
        }
        client().bytes(path + (isSet("--follow") ? "?follow=true" : ""), (bytes, length) -> {
            context.stdout().write(bytes, 0, length);
            context.stdout().flush();
        });
        return OK;
    }

    private Integer interact(String path) throws IOException {
        try (WebSocketChannel socket = client().webSocket(path)) {
            var session = new ConsoleSession(socket, context.stdin(), context.stdout());
            if (!context.interactive()) {
                session.run();
                return OK;
            }
            context.err().println("Connected to the console of " + parameter(0) + ", ctrl-] leaves.");
            try (RawTerminal _ = RawTerminal.open()) {
                session.run();
            }
            context.err().println();
        }
        return OK;
    }
}
