// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.hybridvm.HvmException;

/** {@code hvm hold|release|requeue JOB}. */
final class JobActionCommand extends Command {
    private final String action;

    private JobActionCommand(Context context, String action, String summary) {
        super(context, action, summary);
        this.action = action;
        rest("JOB...", "1..*", "Jobs' numbers; 12 is all of array 12, 12_3 its task 3.");
        examples("hvm " + action + " 17");
    }

    static JobActionCommand hold(Context context) {
        return new JobActionCommand(context, "hold", "Keep a batch job that waits from starting");
    }

    static JobActionCommand release(Context context) {
        return new JobActionCommand(context, "release", "Let a held batch job start");
    }

    static JobActionCommand requeue(Context context) {
        return new JobActionCommand(context, "requeue", "Put a batch job that runs or has ended back into the queue");
    }

    @Override
    public Integer call() {
        Client client = client();
        List<String> jobs = rest(0).stream().map(CancelCommand::jobNumber).toList();
        return each(context, jobs, job -> client.post("/jobs/" + job + "/" + action, Map.of()));
    }

    /** Does it to one after the other; one that is refused keeps none of the others from it. */
    static int each(Context context, List<String> jobs, Consumer<String> action) {
        int status = OK;
        for (String job : jobs) {
            try {
                action.accept(job);
            } catch (HvmException e) {
                if (jobs.size() == 1) {
                    throw e;
                }
                context.err().println("hvm: " + e.getMessage());
                status = REFUSED;
            }
        }
        return status;
    }
}
