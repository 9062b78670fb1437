// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.List;
import java.util.Map;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;

/** {@code hvm cancel JOB}. */
final class CancelCommand extends Command {
    CancelCommand(Context context) {
        super(context, "cancel", "End jobs, or send them a signal");
        rest("JOB...", "1..*", "Jobs' numbers, see hvm jobs; 12 is all of array 12, 12_3 its task 3.");
        option(String.class, "SIGNAL", "Only send this signal, by name or number.", "-s", "--signal");
        explain(
                "",
                "Without a signal: SIGTERM, two seconds later SIGKILL. A job that waits leaves the queue.",
                "HUP, INT, QUIT, KILL and TERM ask for a job's end: it is CANCELLED then.");
        examples("hvm cancel 17 18", "hvm cancel --signal KILL 17");
    }

    @Override
    public Integer call() {
        Client client = client();
        List<String> jobs = rest(0).stream().map(CancelCommand::jobNumber).toList();
        return JobActionCommand.each(context, jobs, job -> cancel(client, job, text("--signal")));
    }

    /** @param signal by name or number; null: it shall end */
    static void cancel(Client client, String job, String signal) {
        if (signal == null) {
            client.post("/jobs/" + job + "/cancel", Map.of());
            return;
        }
        int number = Signals.parse(signal)
                .orElseThrow(() -> HvmException.of(ErrorCode.INVALID_REQUEST, "No such signal")
                        .value(signal)
                        .allowed("a name like TERM or SIGTERM, or 1 to 64")
                        .build());
        client.post("/jobs/" + job + "/signal", Map.of("signal", number));
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
