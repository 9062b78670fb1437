// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;
import org.hybridvm.job.JobRequest;
import org.hybridvm.job.PartitionKind;
import org.hybridvm.job.RunOption;

/** Reads what to run from its JSON. */
final class JobRequests {
    /** As far as Slurm's nice goes. */
    private static final int MAX_PRIORITY = 2_147_483_645;

    private static final String[] FIELDS = {
        "program",
        "arguments",
        "vm",
        "partition",
        "kind",
        "cores",
        "options",
        "directory",
        "environment",
        "search_path",
        "time_limit_s",
        "priority",
        "key",
        "reports"
    };

    private JobRequests() {}

    /** @throws HvmException that names the field which does not fit */
    static JobRequest parse(JsonObject body) {
        body.only(FIELDS);
        return new JobRequest.Builder(body.text("program"), body.texts("arguments"))
                .vm(body.optionalText("vm"))
                .partition(body.optionalText("partition"))
                .kind(kind(body.text("kind", "hrt")))
                .cores(Math.clamp(body.number("cores", 1), Integer.MIN_VALUE, Integer.MAX_VALUE))
                .options(RunOption.ofWords(body.texts("options")))
                .directory(directory(body.text("directory")))
                .environment(body.texts("environment"))
                .searchPath(body.text("search_path", ""))
                .timeLimit(timeLimit(body))
                .priority(priority(body))
                .key(body.text("key", ""), Math.clamp(body.number("reports", 0), 0, Integer.MAX_VALUE))
                .build();
    }

    private static PartitionKind kind(String text) {
        return switch (text) {
            case "hrt" -> PartitionKind.HRT;
            case "linux" -> PartitionKind.LINUX;
            default ->
                throw HvmException.of(ErrorCode.INVALID_REQUEST, "No such kind of partition")
                        .value(text)
                        .allowed("hrt, linux")
                        .build();
        };
    }

    static Path directory(String text) {
        if (!text.startsWith("/")) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "The working directory is not absolute")
                    .value(text)
                    .allowed("a path from / on")
                    .build();
        }
        return Path.of(text);
    }

    private static int priority(JsonObject body) {
        long priority = body.number("priority", 0);
        if (priority < -MAX_PRIORITY || priority > MAX_PRIORITY) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "The priority is out of range")
                    .field("priority")
                    .value(priority)
                    .allowed("-" + MAX_PRIORITY + " to " + MAX_PRIORITY)
                    .build();
        }
        return (int) priority;
    }

    private static Optional<Duration> timeLimit(JsonObject body) {
        if (!body.has("time_limit_s")) {
            return Optional.empty();
        }
        long seconds = body.number("time_limit_s");
        if (seconds < 1) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "The time limit is no time")
                    .value(seconds + " s")
                    .allowed("1 s or more")
                    .build();
        }
        return Optional.of(Duration.ofSeconds(seconds));
    }
}
