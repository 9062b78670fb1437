// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.stream.Collectors;
import org.hybridvm.JsonObject;

/** {@code hvm list}. */
final class ListCommand extends Command {
    ListCommand(Context context) {
        super(context, "list", "Show the VMs");
        outputOption();
        examples("hvm list", "hvm list -o json");
    }

    @Override
    public Integer call() {
        JsonObject answer = client().get("/vms");
        if (wantsJson()) {
            printJson(answer.asMap());
            return OK;
        }
        if (answer.objects("vms").isEmpty()) {
            context.out().println("No VMs. Try: hvm launch");
            return OK;
        }
        var table = new Table("VM", "STATE", "ACCELERATION", "PARTITIONS");
        for (JsonObject vm : answer.objects("vms")) {
            table.row(vm.text("name"), vm.text("state"), vm.text("acceleration", null), partitions(vm));
        }
        context.out().print(table);
        return OK;
    }

    private static String partitions(JsonObject vm) {
        return vm.objects("partitions").stream()
                .map(partition -> "%s (%s, %d cores, %s)"
                        .formatted(
                                partition.text("name"),
                                partition.text("kind"),
                                partition.number("cores"),
                                partition.text("state", "-")))
                .collect(Collectors.joining("; "));
    }
}
