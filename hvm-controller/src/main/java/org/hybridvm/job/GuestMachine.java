// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.nio.file.Path;
import java.util.List;

/** What the job service needs of a virtual machine that is up. */
public interface GuestMachine {
    String name();

    List<Partition> partitions();

    /** Host folders that the guest sees at the same path. */
    List<Path> mounts();

    /**
     * Starts a process. Does not block; what goes wrong later is told to the listener.
     *
     * @throws org.hybridvm.HvmException if the channel to the agent is not up
     */
    GuestProcess start(GuestCommand command, GuestProcess.Listener listener);

    /** A partition as jobs see it. */
    record Partition(String name, PartitionKind kind, int cores) {}
}
