// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.LinkedHashMap;
import java.util.List;
import org.hybridvm.JsonObject;

/** {@code hvm validate LAYOUT}. */
final class ValidateCommand extends Command {
    ValidateCommand(Context context) {
        super(context, "validate", "Check a layout file without launching it");
        parameter("LAYOUT", "1", "The layout file (YAML), with a VM in every document; - is standard input.");
        outputOption();
        examples("hvm validate layouts/demo.yaml", "hvm get --all | hvm validate -");
    }

    @Override
    public Integer call() {
        String file = parameter(0);
        var request = new LinkedHashMap<String, Object>();
        request.put("file", file);
        request.put("folder", context.directory());
        request.put("layout", LayoutArguments.read(context, file));
        JsonObject answer = client().post("/layouts/validate", request);
        if (wantsJson()) {
            printJson(answer.asMap());
        } else {
            (answer.has("layouts") ? answer.objects("layouts") : List.of(answer))
                    .forEach(layout -> context.out().println(file + ": valid, VM '" + layout.text("name") + "'"));
        }
        return OK;
    }
}
