// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.Map;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;

/** {@code hvm cancel JOB}. */
final class CancelCommand extends Command {
    CancelCommand(Context context) {
        super(context, "cancel", "End a job, or send it a signal");
        parameter("JOB", "1", "The job's number, see hvm jobs; 12_3 is task 3 of array 12.");
        option(String.class, "SIGNAL", "Only send this signal, by name or number.", "-s", "--signal");
        explain("", "Without a signal: SIGTERM, two seconds later SIGKILL. A job that waits leaves the queue.");
        examples("hvm cancel 17", "hvm cancel --signal KILL 17");
    }

    @Override
    public Integer call() {
        String job = jobNumber(parameter(0));
        if (text("--signal") == null) {
            client().post("/jobs/" + job + "/cancel", Map.of());
            return OK;
        }
        String typed = text("--signal");
        int signal = Signals.parse(typed)
                .orElseThrow(() -> HvmException.of(ErrorCode.INVALID_REQUEST, "No such signal")
                        .value(typed)
                        .allowed("a name like TERM or SIGTERM, or 1 to 64")
                        .build());
        client().post("/jobs/" + job + "/signal", Map.of("signal", signal));
        return OK;
    }

    static String jobNumber(String job) {
        if (!InfoCommand.isJob(job)) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "No job number")
                    .value(job)
                    .allowed("a number, or ARRAY_TASK")
                    .hint("hvm jobs")
                    .build();
        }
        return job;
    }
}
