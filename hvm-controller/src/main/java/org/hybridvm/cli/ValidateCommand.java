// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.LinkedHashMap;
import org.hybridvm.JsonObject;

/** {@code hvm validate LAYOUT}. */
final class ValidateCommand extends Command {
    ValidateCommand(Context context) {
        super(context, "validate", "Check a layout file without launching it");
        parameter("LAYOUT", "1", "The layout file (YAML).");
        outputOption();
        examples("hvm validate layouts/demo.yaml");
    }

    @Override
    public Integer call() {
        String file = parameter(0);
        var request = new LinkedHashMap<String, Object>();
        request.put("file", file);
        request.put("folder", context.directory());
        request.put("layout", LaunchCommand.read(context.directory().resolve(file)));
        JsonObject answer = client().post("/layouts/validate", request);
        if (wantsJson()) {
            printJson(answer.asMap());
        } else {
            context.out().println(file + ": valid, VM '" + answer.text("name") + "'");
        }
        return OK;
    }
}
