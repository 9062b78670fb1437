// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;

/** {@code hvm logs VM[/PARTITION]|JOB|hvmd}. */
final class LogsCommand extends Command {
    private static final long LOOK_MILLIS = 200;

    LogsCommand(Context context) {
        super(context, "logs", "Show a log: of a VM, an HRT partition, a job, or hvmd");
        parameter("VM[/PARTITION]|JOB|hvmd", "1", "Whose log.");
        option(
                String.class,
                "KIND",
                "Of a VM: kernel (default), console, agent, qemu. Of VM/PARTITION: hrt. Of a job: output, report.",
                "-k",
                "--kind");
        flag("Of a batch job: go on until it ends. Of hvmd: go on.", "-f", "--follow");
        examples(
                "hvm logs demo                 the Linux partition's kernel log",
                "hvm logs demo --kind qemu     what QEMU said",
                "hvm logs demo/hrt             the HRT kernel's log",
                "hvm logs 17                   what batch job 17 wrote; of a run: its report",
                "hvm logs 17 --kind report     the report of job 17: faults, refused system calls, figures",
                "hvm logs hvmd -f              hvmd's own log, and what it says from now on");
    }

    @Override
    public Integer call() {
        String subject = parameter(0);
        if (subject.equals("hvmd")) {
            context.out().print(daemonLog());
            return isSet("--follow") ? followDaemonLog() : OK;
        }
        if (InfoCommand.isJob(subject) && !"report".equals(text("--kind"))) {
            JsonObject job = client().get("/jobs/" + subject);
            if (job.has("batch")) {
                return output(subject, Path.of(job.object("batch").text("stdout")));
            }
        }
        context.out().print(client().getText(path(subject)));
        return OK;
    }

    /** Read here, because it is the caller's own file. */
    private int output(String job, Path file) {
        long at = 0;
        while (true) {
            boolean last = !isSet("--follow") || client().get("/jobs/" + job).has("exit_code");
            if (Files.exists(file)) {
                at += copy(file, at);
            }
            if (last) {
                return OK;
            }
            try {
                Thread.sleep(LOOK_MILLIS);
            } catch (InterruptedException e) {
                return REFUSED;
            }
        }
    }

    private long copy(Path file, long at) {
        try (var stream = Files.newInputStream(file)) {
            stream.skipNBytes(Math.min(at, Files.size(file)));
            return stream.transferTo(context.stdout());
        } catch (IOException e) {
            throw HvmException.of(ErrorCode.HOST_PERMISSION, "The job's output cannot be read")
                    .value(file + " (" + e.getMessage() + ")")
                    .cause(e)
                    .build();
        }
    }

    private String path(String subject) {
        if (InfoCommand.isJob(subject)) {
            return "/jobs/" + subject + "/log";
        }
        String[] parts = subject.split("/", 2);
        String kind = text("--kind");
        String vm = "/vms/" + Client.segment(parts[0]) + "/logs/";
        if (parts.length == 1) {
            return vm + Client.segment(kind == null ? "kernel" : kind);
        }
        return vm + Client.segment(kind == null ? "hrt" : kind) + "?partition=" + Client.segment(parts[1]);
    }

    /** Until the caller ends us. The log is moved away when it is large; then the new one is followed. */
    private int followDaemonLog() {
        Path file = context.home().daemonLog();
        long at = size(file);
        while (true) {
            try {
                Thread.sleep(LOOK_MILLIS);
            } catch (InterruptedException e) {
                return OK;
            }
            long size = size(file);
            if (size < at) {
                at = 0;
            }
            if (size > at) {
                at += copy(file, at);
            }
        }
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            return 0; // between two logs
        }
    }

    /** Read here and not asked of hvmd, because it is wanted most when hvmd does not run. */
    private String daemonLog() {
        Path file = context.home().daemonLog();
        try {
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            throw HvmException.of(ErrorCode.NO_SUCH_LOG, "hvmd has not run yet, there is no log")
                    .value(file)
                    .cause(e)
                    .build();
        } catch (IOException e) {
            throw HvmException.of(ErrorCode.HOST_PERMISSION, "hvmd's log cannot be read")
                    .value(file + " (" + e.getMessage() + ")")
                    .cause(e)
                    .build();
        }
    }
}
