// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a caller asks to be run.
 *
 * @param vm the VM, or empty for the only one that is up
 * @param partition the partition, or empty for the first of {@code kind}
 * @param cores HRT cores, at least 1; without meaning in the Linux partition
 * @param options how to run it there; without meaning in the Linux partition
 * @param program as the caller wrote it
 * @param directory the caller's working directory, absolute
 * @param environment {@code NAME=VALUE}, as the program shall see it
 * @param searchPath the caller's PATH, to find a bare program name
 * @param asRoot run as the guest's root instead of the caller; for the node's own programs
 * @param timeLimit after which the job is ended, or empty
 * @param key chosen by the caller, who finds the job again by it; empty: he will not try
 * @param reports of a caller who has lost the job: how many lines of its report he has
 */
public record JobRequest(
        Optional<String> vm,
        Optional<String> partition,
        PartitionKind kind,
        int cores,
        Set<RunOption> options,
        String program,
        List<String> arguments,
        Path directory,
        List<String> environment,
        String searchPath,
        boolean asRoot,
        Optional<Duration> timeLimit,
        String key,
        int reports) {
    /** One whose caller does not come back. */
    public JobRequest(
            Optional<String> vm,
            Optional<String> partition,
            PartitionKind kind,
            int cores,
            Set<RunOption> options,
            String program,
            List<String> arguments,
            Path directory,
            List<String> environment,
            String searchPath,
            boolean asRoot,
            Optional<Duration> timeLimit) {
        this(
                vm,
                partition,
                kind,
                cores,
                options,
                program,
                arguments,
                directory,
                environment,
                searchPath,
                asRoot,
                timeLimit,
                "",
                0);
    }

    public JobRequest {
        options = Set.copyOf(options);
        arguments = List.copyOf(arguments);
        environment = List.copyOf(environment);
    }

    /** The same with another environment. */
    JobRequest with(List<String> other) {
        return new JobRequest(
                vm,
                partition,
                kind,
                cores,
                options,
                program,
                arguments,
                directory,
                other,
                searchPath,
                asRoot,
                timeLimit,
                key,
                reports);
    }
}
