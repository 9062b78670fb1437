// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.Map;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;

/** {@code hvm apply LAYOUT...|PLAN}. */
final class ApplyCommand extends Command {
    ApplyCommand(Context context) {
        super(context, "apply", "Make, change and remove VMs, so that they are as layouts declare");
        rest(
                "LAYOUT|PLAN",
                "1..*",
                "Layout files (YAML), each with a VM in every document, or one plan of 'hvm plan --out'; - is "
                        + "standard input.");
        flag("Remove VMs that no layout declares.", "--prune");
        flag("End VMs that have to be booted anew, or to go, although jobs run on them; the jobs end.", "--restart");
        outputOption();
        explain(
                "",
                "What is as declared is left alone, so it can be applied again at any time. What hvmd could not",
                "finish because it was ended, the next hvmd finishes.");
        examples(
                "hvm apply layouts/demo.yaml",
                "hvm plan --out plan.json layouts/*.yaml && hvm apply plan.json",
                "hvm get --all -o yaml | hvm apply -      does nothing");
    }

    @Override
    public Integer call() {
        Map<String, Object> request = LayoutArguments.request(context, rest(0), isSet("--prune"));
        request.put("restart", isSet("--restart"));
        JsonObject plan = apply(request);
        if (wantsJson()) {
            printJson(plan.asMap());
        } else {
            context.out().println(PlanText.summary(plan));
        }
        return OK;
    }

    private JsonObject apply(Map<String, Object> request) {
        try (LaunchProgress shown = LaunchProgress.of(context, context.err())) {
            client().linesOnce("/layouts/apply", request, shown::accept);
            return shown.plan()
                    .orElseThrow(() -> HvmException.of(ErrorCode.INTERNAL, "hvmd ended during the apply")
                            .hint("hvm list: the next hvmd finishes it; hvm logs hvmd")
                            .build());
        }
    }
}
