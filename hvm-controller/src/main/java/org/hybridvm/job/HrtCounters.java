// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What the programs that a job now has on HRT cores have done there, their children included, those that have ended too. They
 * are counted by process, so that no other job is in it, whoever else uses the partition.
 *
 * @param processes that had an HRT thread
 * @param callsLocal system calls that the aerokernel answered
 * @param callsForwarded system calls that Linux answered
 * @param pageFaults that Linux resolved
 * @param doorbells that were sent to Linux, because a server slept
 * @param halts times that a core halted while it waited for an answer
 * @param interrupts taken while a thread was on its core
 * @param shootdowns translation flushes among them
 * @param preemptions times that the timer gave a core to another thread
 */
public record HrtCounters(
        long processes,
        long callsLocal,
        long callsForwarded,
        long pageFaults,
        long doorbells,
        long halts,
        long interrupts,
        long shootdowns,
        long preemptions) {
    public static final HrtCounters NONE = new HrtCounters(0, 0, 0, 0, 0, 0, 0, 0, 0);

    public HrtCounters plus(HrtCounters other) {
        return new HrtCounters(
                processes + other.processes,
                callsLocal + other.callsLocal,
                callsForwarded + other.callsForwarded,
                pageFaults + other.pageFaults,
                doorbells + other.doorbells,
                halts + other.halts,
                interrupts + other.interrupts,
                shootdowns + other.shootdowns,
                preemptions + other.preemptions);
    }

    /** By the names that {@code GET /v1/top} has for a partition's. */
    Map<String, Object> toJson() {
        var json = new LinkedHashMap<String, Object>();
        json.put("processes", processes);
        json.put("calls_local", callsLocal);
        json.put("calls_forwarded", callsForwarded);
        json.put("page_faults", pageFaults);
        json.put("doorbells", doorbells);
        json.put("halts", halts);
        json.put("interrupts", interrupts);
        json.put("shootdowns", shootdowns);
        json.put("preemptions", preemptions);
        return json;
    }
}
