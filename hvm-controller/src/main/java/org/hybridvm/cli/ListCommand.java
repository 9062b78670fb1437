// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.stream.Collectors;
import org.hybridvm.JsonObject;

/** {@code hvm list}. */
final class ListCommand extends Command {
    ListCommand(Context context) {
        super(context, "list", "Show the VMs");
        outputOption();
        flag("One line for each partition: whether it takes jobs, its cores, its state.", "-p", "--partitions");
        examples("hvm list", "hvm list --partitions", "hvm list -o json");
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
        context.out().print(isSet("--partitions") ? ofPartitions(answer) : ofVms(answer));
        return OK;
    }

    /** A partition of a VM that does not answer is down, whatever its last state was. */
    private static Table ofPartitions(JsonObject answer) {
        var table = new Table("PARTITION", "AVAIL", "KIND", "CORES", "STATE");
        for (JsonObject vm : answer.objects("vms")) {
            String of = vm.text("state");
            for (JsonObject partition : vm.objects("partitions")) {
                String state = of.equals("READY") ? partition.text("state", of) : of;
                table.row(
                        vm.text("name") + "/" + partition.text("name"),
                        state.equals("READY") || state.equals("RUNNING") ? "up" : "down",
                        partition.text("kind"),
                        partition.number("cores"),
                        state);
            }
        }
        return table;
    }

    private static Table ofVms(JsonObject answer) {
        var table = new Table("VM", "STATE", "ACCELERATION", "PARTITIONS");
        for (JsonObject vm : answer.objects("vms")) {
            table.row(vm.text("name"), vm.text("state"), vm.text("acceleration", null), partitions(vm));
        }
        return table;
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
