// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What the job service needs of a virtual machine that is up. */
public interface GuestMachine {
    String name();

    List<Partition> partitions();

    /** Host folders that the guest sees at the same path. */
    List<Path> mounts();

    /** Those of them that the guest may not write to. */
    default List<Path> readOnlyMounts() {
        return List.of();
    }

    /** What its agent said when the present channel was opened. */
    AgentGreeting greeting();

    /**
     * Starts a process. Does not block; what goes wrong later is told to the listener.
     *
     * @throws org.hybridvm.HvmException if the channel to the agent is not up
     */
    GuestProcess start(JobKey key, GuestCommand command, GuestProcess.Listener listener);

    /**
     * Goes on with a process of the {@link #greeting}. Does not block.
     *
     * @param partition that it runs on
     * @param reports lines of its report that are on disk
     * @throws org.hybridvm.HvmException if the channel to the agent is not up
     */
    GuestProcess attach(JobKey key, String partition, long reports, GuestProcess.Listener listener);

    /** Has the agent forget a job, and kill it if it runs. Does not block. */
    void release(JobKey key);

    /**
     * What a job that runs has used so far; empty if nothing is known of it. Blocks.
     *
     * @throws org.hybridvm.HvmException if the channel to the agent is not up
     */
    default Optional<JobUsage> usage(JobKey key) {
        return Optional.empty();
    }

    /**
     * What a job that runs does on HRT cores; all zero if it has no program there. Blocks.
     *
     * @throws org.hybridvm.HvmException if the channel to the agent is not up, or the agent is of a version that cannot tell
     */
    default HrtCounters counters(JobKey key) {
        return HrtCounters.NONE;
    }

    /** A partition as jobs see it. */
    record Partition(String name, PartitionKind kind, int cores) {}
}
