// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;

/** {@code hvm plan LAYOUT...}. */
final class PlanCommand extends Command {
    PlanCommand(Context context) {
        super(context, "plan", "Show what applying layouts would change, and the host's cores before and after");
        rest("LAYOUT", "1..*", "Layout files (YAML), each with a VM in every document; - is standard input.");
        flag("Remove VMs that no layout declares.", "--prune");
        option(String.class, "FILE", "Write the plan to FILE, for 'hvm apply FILE'.", "--out");
        option(String.class, "FILE", "Draw the host's cores before and after into FILE, as SVG.", "--svg");
        outputOption();
        explain(
                "",
                "Nothing is changed. A plan that was written says for which state of the VMs it was made: if one of",
                "them has changed since, hvm apply refuses it.");
        examples(
                "hvm plan layouts/demo.yaml",
                "hvm plan --prune --out plan.json *.yaml && hvm apply plan.json",
                "hvm plan --svg cores.svg layouts/demo.yaml");
    }

    @Override
    public Integer call() {
        JsonObject plan = client().post("/layouts/plan", LayoutArguments.request(context, rest(0), isSet("--prune")));
        if (text("--out") != null) {
            write(text("--out"), Json.writePretty(plan.asMap()) + "\n");
        }
        if (text("--svg") != null) {
            write(text("--svg"), new CorePicture(plan.object("host")).svg());
        }
        if (wantsJson()) {
            printJson(plan.asMap());
        } else {
            context.out().print(new PlanText(plan));
        }
        return OK;
    }

    private void write(String name, String text) {
        Path file = context.directory().resolve(name);
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "The file cannot be written")
                    .value(file + " (" + FileFailure.reason(e) + ")")
                    .cause(e)
                    .build();
        }
    }
}
