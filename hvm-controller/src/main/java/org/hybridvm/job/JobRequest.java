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
 * @param priority the higher, the earlier it starts; above 0 for operators only
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
        int priority,
        String key,
        int reports) {
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
                priority,
                key,
                reports);
    }

    /** A request from its program on; what is not said is: on one core of any HRT partition, in {@code /}, as the caller. */
    public static final class Builder {
        private final String program;
        private final List<String> arguments;
        private Optional<String> vm = Optional.empty();
        private Optional<String> partition = Optional.empty();
        private PartitionKind kind = PartitionKind.HRT;
        private int cores = 1;
        private Set<RunOption> options = Set.of();
        private Path directory = Path.of("/");
        private List<String> environment = List.of();
        private String searchPath = "";
        private boolean asRoot;
        private Optional<Duration> timeLimit = Optional.empty();
        private int priority;
        private String key = "";
        private int reports;

        public Builder(String program, List<String> arguments) {
            this.program = program;
            this.arguments = arguments;
        }

        public Builder vm(Optional<String> name) {
            vm = name;
            return this;
        }

        public Builder partition(Optional<String> name) {
            partition = name;
            return this;
        }

        public Builder kind(PartitionKind wanted) {
            kind = wanted;
            return this;
        }

        public Builder cores(int number) {
            cores = number;
            return this;
        }

        public Builder options(Set<RunOption> chosen) {
            options = chosen;
            return this;
        }

        public Builder directory(Path folder) {
            directory = folder;
            return this;
        }

        public Builder environment(List<String> variables) {
            environment = variables;
            return this;
        }

        public Builder searchPath(String path) {
            searchPath = path;
            return this;
        }

        /** Run as the guest's root. */
        public Builder asRoot() {
            asRoot = true;
            return this;
        }

        public Builder timeLimit(Optional<Duration> limit) {
            timeLimit = limit;
            return this;
        }

        public Builder priority(int place) {
            priority = place;
            return this;
        }

        /** By which its caller finds it again, who has {@code has} lines of its report. */
        public Builder key(String chosen, int has) {
            key = chosen;
            reports = has;
            return this;
        }

        public JobRequest build() {
            return new JobRequest(
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
                    priority,
                    key,
                    reports);
        }
    }
}
