// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.List;
import java.util.stream.Stream;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;

/**
 * {@code hvm complete KIND}, for {@code completion.bash}: the names of this moment, one a line. A shell that completes must
 * not be disturbed, so it starts no hvmd, and what goes wrong is no answer.
 */
final class CompleteCommand extends Command {
    private static final String LINUX = "linux";
    private static final int JOBS = 50;

    CompleteCommand(Context context) {
        super(context, "complete", "Print names for a shell that completes");
        spec().usageMessage().hidden(true);
        parameter("vm|partition|partition-name|job", "1", "Whose names.");
        examples("hvm complete vm");
    }

    @Override
    public Integer call() {
        try {
            new Daemon(context.home()).requireRunning();
            names(parameter(0)).forEach(context.out()::println);
            return OK;
        } catch (HvmException e) {
            return REFUSED;
        }
    }

    private List<String> names(String kind) {
        return switch (kind) {
            case "vm" -> vms().map(vm -> vm.text("name")).toList();
            case "partition" ->
                vms().flatMap(vm -> partitions(vm).map(name -> vm.text("name") + "/" + name))
                        .toList();
            case "partition-name" ->
                vms().flatMap(CompleteCommand::partitions).distinct().toList();
            case "job" ->
                client().get("/jobs?last=" + JOBS).objects("jobs").stream()
                        .map(job -> String.valueOf(job.number("job")))
                        .toList();
            default -> List.of();
        };
    }

    private Stream<JsonObject> vms() {
        return client().get("/vms").objects("vms").stream();
    }

    private static Stream<String> partitions(JsonObject vm) {
        return vm.objects("partitions").stream()
                .map(partition -> partition.text("name"))
                .filter(name -> !name.equals(LINUX));
    }
}
