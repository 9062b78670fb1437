// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.hybridvm.access.Caller;

/**
 * What the guest's agent is asked to start.
 *
 * @param partition the partition's name
 * @param kind whether the program goes to HRT cores behind a proxy or runs as a plain Linux process
 * @param cores HRT cores; for a Linux process those that it takes itself, mostly 0
 * @param options without meaning for a Linux process
 * @param arguments the program and its arguments, the program first
 * @param environment {@code NAME=VALUE}
 * @param directory the working directory, a guest path
 * @param files instead of its streams, or empty
 * @param memory bytes that it may have at a time; 0: any
 */
public record GuestCommand(
        String partition,
        PartitionKind kind,
        int cores,
        Set<RunOption> options,
        List<String> arguments,
        List<String> environment,
        String directory,
        Identity identity,
        Optional<StreamFiles> files,
        long memory) {
    /** One whose streams come through the channel. */
    public GuestCommand(
            String partition,
            PartitionKind kind,
            int cores,
            Set<RunOption> options,
            List<String> arguments,
            List<String> environment,
            String directory,
            Identity identity) {
        this(partition, kind, cores, options, arguments, environment, directory, identity, Optional.empty(), 0);
    }

    public GuestCommand {
        options = Set.copyOf(options);
        arguments = List.copyOf(arguments);
        environment = List.copyOf(environment);
    }

    /** The same with a variable in its environment, unless it has one of that name. */
    public GuestCommand withDefault(String variable, String value) {
        if (environment.stream().anyMatch(one -> one.startsWith(variable + "="))) {
            return this;
        }
        var extended = new ArrayList<>(environment);
        extended.add(variable + "=" + value);
        return new GuestCommand(
                partition, kind, cores, options, arguments, extended, directory, identity, files, memory);
    }

    /** Whom the process runs as. */
    public record Identity(int user, int group, List<Integer> groups) {
        public static final Identity ROOT = new Identity(0, 0, List.of(0));

        static Identity of(JobRequest request, Caller caller) {
            return request.asRoot() ? ROOT : of(caller);
        }

        static Identity of(Caller caller) {
            return new Identity(caller.uid(), caller.gid(), caller.groups());
        }

        public Identity {
            groups = List.copyOf(groups);
        }
    }
}
