// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.Map;

/** {@code hvm hold|release|requeue JOB}. */
final class JobActionCommand extends Command {
    private final String action;

    private JobActionCommand(Context context, String action, String summary) {
        super(context, action, summary);
        this.action = action;
        parameter("JOB", "1", "The job's number; of an array: the first task's, for all.");
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
        client().post("/jobs/" + CancelCommand.jobNumber(parameter(0)) + "/" + action, Map.of());
        return OK;
    }
}
