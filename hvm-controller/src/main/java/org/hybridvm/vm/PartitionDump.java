// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.util.List;
import java.util.Map;

/**
 * What a guest tells of an HRT partition that hangs or failed. Nothing in it is believed further than to be shown.
 *
 * @param maps executable mappings of the processes on it, as in {@code /proc/PID/maps}, by process
 */
public record PartitionDump(List<Core> cores, List<Thread> threads, Map<Long, String> maps) {
    /**
     * A core.
     *
     * @param cpu number of its vCPU
     * @param state OFF, STARTING, IDLE, RUNNING or PANIC (halted, after its last words)
     * @param commandTaken whether it took what hvm.ko told it last
     * @param process in the guest, whose address space it had loaded; 0: none
     * @param registers by name, if it said its last words; else empty
     * @param kernelTrace return addresses in the aerokernel
     * @param programTrace where the program was, and its return addresses
     */
    public record Core(
            long number,
            long cpu,
            String state,
            long heartbeat,
            long interrupts,
            boolean commandTaken,
            long process,
            Map<String, Long> registers,
            List<Long> kernelTrace,
            List<Long> programTrace) {}

    /**
     * A thread.
     *
     * @param slot its number in the partition
     * @param call number of its last request: a system call, or one of hvm/slot.h
     * @param waiting whether that is not answered
     */
    public record Thread(
            long slot, long core, long process, long thread, long call, boolean waiting, List<Long> arguments) {}
}
