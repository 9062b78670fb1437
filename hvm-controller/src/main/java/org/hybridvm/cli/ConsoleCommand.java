// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

/** {@code hvm console VM [-f]}. */
final class ConsoleCommand extends Command {
    ConsoleCommand(Context context) {
        super(context, "console", "Show what the VM's Linux partition wrote to its serial console");
        parameter("VM", "1", "The VM's name.");
        flag("Go on as it writes more, until interrupted.", "-f", "--follow");
        examples("hvm console demo", "hvm console -f demo");
    }

    @Override
    public Integer call() {
        String path = "/vms/" + Client.segment(parameter(0)) + "/console" + (isSet("--follow") ? "?follow=true" : "");
        client().bytes(path, (bytes, length) -> {
            context.stdout().write(bytes, 0, length);
            context.stdout().flush();
        });
        return OK;
    }
}
