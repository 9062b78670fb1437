// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;

/** Which jobs a tool of Slurm's is asked for: {@code -u}, {@code -n}, {@code -p}, {@code -t}, {@code -w}. */
record SlurmFilter(
        List<String> users, List<String> names, List<String> partitions, List<String> states, List<String> nodes) {
    /** Words of lists parted by commas. */
    static List<String> words(String list) {
        return list == null
                ? List.of()
                : Arrays.stream(list.split(",")).filter(word -> !word.isBlank()).toList();
    }

    /** @throws HvmException that names a state which there is not */
    SlurmFilter {
        states.stream().filter(word -> !SlurmJob.isState(word)).findFirst().ifPresent(word -> {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "No such state of a job")
                    .value(word)
                    .allowed("PD PENDING, R RUNNING, CD COMPLETED, F FAILED, CA CANCELLED, TO TIMEOUT, NF NODE_FAIL,"
                            + " OOM OUT_OF_MEMORY, all")
                    .build();
        });
    }

    boolean isEmpty() {
        return Stream.of(users, names, partitions, states, nodes).allMatch(List::isEmpty);
    }

    boolean admits(JsonObject job) {
        return any(users, user -> user.equals(job.text("user")) || user.equals(String.valueOf(job.number("user_id"))))
                && any(names, SlurmJob.name(job)::equals)
                && any(partitions, job.text("partition")::equals)
                && any(nodes, job.text("vm")::equals)
                && any(states, state -> SlurmJob.isIn(job, state));
    }

    private static boolean any(List<String> words, Predicate<String> fits) {
        return words.isEmpty() || words.stream().anyMatch(fits);
    }
}
