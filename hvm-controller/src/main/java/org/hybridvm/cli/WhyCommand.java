// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.List;
import java.util.stream.Collectors;
import org.hybridvm.JsonObject;

/** {@code hvm why JOB}. */
final class WhyCommand extends Command {
    WhyCommand(Context context) {
        super(context, "why", "Tell what a job waits for, whose that is, and when it could start");
        parameter("JOB", "1", "The job's number, see hvm queue.");
        outputOption();
        examples("hvm why 17");
    }

    @Override
    public Integer call() {
        Client client = client();
        JsonObject why = client.get("/jobs/" + CancelCommand.jobNumber(parameter(0)) + "/why");
        if (wantsJson()) {
            printJson(why.asMap());
            return OK;
        }
        long job = why.number("job");
        if (!why.has("reason")) {
            context.out().println("Job " + job + " does not wait: " + why.text("state"));
            return OK;
        }
        context.out().println("Job " + job + " waits since " + why.text("since") + ": " + words(why.text("reason")));
        for (Object other : (List<?>) why.asMap().getOrDefault("blocked_by", List.of())) {
            JsonObject facts = client.get("/jobs/" + other);
            context.out()
                    .println("  job " + other + ", " + facts.text("state") + ", " + facts.number("cores") + " cores, "
                            + facts.texts("command").stream().limit(4).collect(Collectors.joining(" ")));
        }
        context.out()
                .println("Estimated start: "
                        + why.text("estimated_start", "unknown, no time limit of those before it tells"));
        return OK;
    }

    private static String words(String reason) {
        return switch (reason) {
            case "Resources" -> "Resources, it is next when enough cores are free";
            case "Priority" -> "Priority, others are before it";
            case "Dependency" -> "Dependency, others must end first";
            case "DependencyNeverSatisfied" -> "DependencyNeverSatisfied, cancel it or submit it anew";
            case "JobHeldUser" -> "JobHeldUser, until hvm release";
            case "PartitionDown" -> "PartitionDown, its VM is not up: hvm list";
            default -> reason;
        };
    }
}
