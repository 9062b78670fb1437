// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.List;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;

/** {@code scancel}: jobs by number, or all that fit. */
final class ScancelTool extends Command {
    ScancelTool(Context context) {
        super(context, "scancel", "End jobs, or send them a signal, as Slurm's scancel");
        option(String.class, "SIGNAL", "Only send this signal, by name or number.", "-s", "--signal");
        option(String.class, "LIST", "All of these users.", "-u", "--user");
        flag("All of your own.", "--me");
        option(String.class, "LIST", "All of these names.", "-n", "--name", "--jobname");
        option(String.class, "LIST", "All in these partitions.", "-p", "--partition");
        option(String.class, "LIST", "All on these nodes; a node is a VM.", "-w", "--nodelist");
        option(String.class, "LIST", "All in these states: PD or R.", "-t", "--state");
        flag("As without.", "-b", "--batch");
        flag("As without.", "-f", "--full");
        flag("Do not say that a job has ended already.", "-Q", "--quiet");
        rest("JOB...", "0..*", "Jobs' numbers; 12 is all of array 12, 12_3 one task.");
        examples("scancel 17 18", "scancel -u ada -t PD", "scancel --signal USR1 17");
    }

    @Override
    public Integer call() {
        var filter = new SlurmFilter(
                isSet("--me") ? List.of(System.getProperty("user.name")) : SlurmFilter.words(text("--user")),
                SlurmFilter.words(text("--name")),
                SlurmFilter.words(text("--partition")),
                SlurmFilter.words(text("--state")),
                SlurmFilter.words(text("--nodelist")));
        Client client = client();
        if (!rest(0).isEmpty()) {
            return each(client, rest(0), filter);
        }
        if (filter.isEmpty()) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "No job is named")
                    .allowed("numbers, or one of -u, --me, -n, -p, -w, -t")
                    .hint("squeue")
                    .build();
        }
        for (JsonObject job : JobPages.all(client, true)) {
            if (filter.admits(job)) {
                cancelIfLive(client, SlurmJob.raw(job));
            }
        }
        return OK;
    }

    private int each(Client client, List<String> jobs, SlurmFilter filter) {
        int status = OK;
        for (String job : jobs) {
            try {
                String number = CancelCommand.jobNumber(job);
                if (filter.isEmpty()) {
                    CancelCommand.cancel(client, number, text("--signal"));
                    continue;
                }
                client.get("/jobs?live=true&job=" + Client.segment(number)).objects("jobs").stream()
                        .filter(filter::admits)
                        .forEach(one -> cancelIfLive(client, SlurmJob.raw(one)));
            } catch (HvmException e) {
                if (e.code() != ErrorCode.WRONG_STATE || !isSet("--quiet")) {
                    context.err().println("scancel: " + e.getMessage());
                    status = REFUSED;
                }
            }
        }
        return status;
    }

    /** What ends by itself meanwhile is as it shall be. */
    private void cancelIfLive(Client client, String job) {
        try {
            CancelCommand.cancel(client, job, text("--signal"));
        } catch (HvmException e) {
            if (e.code() != ErrorCode.WRONG_STATE) {
                throw e;
            }
        }
    }
}
