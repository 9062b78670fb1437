// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.hybridvm.job.AgentGreeting;
import org.hybridvm.job.GuestCommand;
import org.hybridvm.job.GuestProcess;
import org.hybridvm.job.HrtCounters;
import org.hybridvm.job.JobKey;
import org.hybridvm.job.JobUsage;
import org.hybridvm.layout.Health;

/** The agent of a VM that is up. Calls that ask it something block until it answers or their time is over. */
public interface Guest {
    /** When things happened in the guest's boot, nanoseconds since its kernel started, in order. */
    Map<String, Long> bootStamps();

    /** What the guest's boot could not do, in words; empty if all went well. */
    List<String> bootProblems();

    List<Partition> partitions();

    /** Boots an HRT partition anew. */
    Partition reboot(String partition, boolean force);

    /** The HRT modules of a partition, in the order of their loading. */
    List<Module> modules(String partition);

    /**
     * Loads an HRT module; answers all modules of the partition.
     *
     * @param file its path in the guest
     */
    List<Module> loadModule(String partition, String file);

    /** Unloads an HRT module by its name; answers those that are left. */
    List<Module> unloadModule(String partition, String module);

    /** How the agent watches a partition from now on. */
    void watch(String partition, Health health);

    /** Stops what still runs on a partition that is HUNG or FAILED, and answers all that is known of it. */
    PartitionDump dump(String partition);

    /**
     * Processes that run on a partition now end as lost, whatever the guest says of them: the partition failed under them.
     * Does not block.
     *
     * @param reason a sentence
     */
    void doom(String partition, String reason);

    String hrtLog(String partition);

    String kernelLog();

    /** What each HRT partition has done so far; no HRT core is interrupted for it. */
    List<Activity> activity();

    /** Facts of the Linux partition: uptime, memory, processes. */
    Map<String, Object> status();

    /** What its agent said of its life and of the jobs that it keeps. */
    AgentGreeting greeting();

    /** As {@link org.hybridvm.job.GuestMachine#start}. */
    GuestProcess start(JobKey key, GuestCommand command, GuestProcess.Listener listener);

    /** As {@link org.hybridvm.job.GuestMachine#attach}. */
    GuestProcess attach(JobKey key, String partition, long reports, GuestProcess.Listener listener);

    /** As {@link org.hybridvm.job.GuestMachine#release}. */
    void release(JobKey key);

    /** As {@link org.hybridvm.job.GuestMachine#counters}. */
    HrtCounters counters(JobKey key);

    /** What a job has used so far; empty if nothing is known of it. Blocks. */
    Optional<JobUsage> usage(JobKey key);

    /**
     * QEMU does not run for a while: questions are refused for this reason, those under way too, and silence is no
     * failure. Empty: it goes on. Does not block.
     */
    void hold(Optional<String> reason);

    /**
     * Lets go of the agent.
     *
     * @param reason a sentence, told to those who have processes there
     */
    void close(String reason);

    /**
     * An HRT partition as hvm.ko describes it.
     *
     * @param state DOWN, LOADING, BOOTING, READY, RUNNING, HUNG or FAILED
     * @param programMemory bytes that programs can have of it
     * @param programMemoryUsed bytes that they have
     * @param generation boots so far
     * @param firstInstruction INIT to the first C instruction, at its last boot
     * @param ready INIT until every core idled
     * @param privilege "kernel": its programs run in ring 0; "user": in ring 3
     */
    record Partition(
            String name,
            String state,
            int cores,
            int coresFree,
            long memory,
            long programMemory,
            long programMemoryUsed,
            int generation,
            Duration firstInstruction,
            Duration ready,
            long heartbeat,
            long interrupts,
            int jobs,
            String privilege) {
        /** Whether programs can run on it. */
        public boolean isUp() {
            return state.equals("READY") || state.equals("RUNNING");
        }
    }

    /**
     * What an HRT partition has done since the guest's boot.
     *
     * @param jobs processes that were merged
     * @param callsLocal system calls that the aerokernel answered
     * @param callsForwarded system calls that Linux answered
     * @param pageFaults that Linux resolved
     * @param doorbells that it sent to Linux, because a server slept
     * @param halts times that a core halted while it waited for an answer
     * @param interrupts taken while a thread was on its core
     * @param shootdowns translation flushes among them
     * @param preemptions times that the timer gave a core to another thread
     */
    record Activity(
            String partition,
            long jobs,
            long callsLocal,
            long callsForwarded,
            long pageFaults,
            long doorbells,
            long halts,
            long interrupts,
            long shootdowns,
            long preemptions,
            List<Core> cores) {}

    /**
     * An HRT core, as it is at a moment.
     *
     * @param state OFF, STARTING, IDLE, RUNNING or PANIC
     * @param heartbeat raised at every doorbell, system call and fault
     * @param interrupts taken since the partition's boot
     */
    record Core(String state, long heartbeat, long interrupts) {}

    /**
     * An HRT module: functions that every process of a partition can call.
     *
     * @param address where it begins, the same in every address space of the partition
     * @param size bytes of memory that it asked for; it has whole chunks of 2 MiB
     * @param functions how many it offers
     * @param names theirs, as many as the agent's answer had room for
     */
    record Module(String name, long address, long size, int functions, List<String> names) {}

    /** Hears of a guest. Calls come one after the other, from a thread of the channel that must not be blocked. */
    interface Listener {
        /** The agent is gone, for the reason that the sentence tells. Told once; not after {@link Guest#close(String)}. */
        void lost(String reason);

        /**
         * A partition has another state; of all of them the first one is told after the greeting.
         *
         * @param state as in {@link Partition}, but READY for RUNNING, too
         */
        void partitionChanged(Guest guest, String partition, String state);
    }

    /** How the manager gets to an agent. */
    interface Connector {
        /** @throws java.io.IOException if there is no answer within the limit */
        Guest connect(java.nio.file.Path socket, Duration limit, Listener listener) throws java.io.IOException;
    }
}
