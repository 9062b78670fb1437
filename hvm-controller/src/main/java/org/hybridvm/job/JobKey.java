// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

/**
 * One life of a job, as the guest's agent knows it.
 *
 * @param job its number
 * @param restarts its lives before this one
 */
public record JobKey(int job, int restarts) {
    static JobKey of(JobRecord record) {
        return new JobKey(
                record.number(), record.batch().map(BatchFacts::restarts).orElse(0));
    }
}
