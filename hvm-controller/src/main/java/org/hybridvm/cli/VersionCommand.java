// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import org.hybridvm.JsonObject;

/** {@code hvm version}. */
final class VersionCommand extends Command {
    VersionCommand(Context context) {
        super(context, "version", "Show the versions of hvmd and of what it uses");
        outputOption();
        examples("hvm version");
    }

    @Override
    public Integer call() {
        JsonObject answer = client().get("/version");
        if (wantsJson()) {
            printJson(answer.asMap());
        } else {
            answer.asMap().forEach((name, value) -> context.out().println("%-10s %s".formatted(name, value)));
        }
        return OK;
    }
}
