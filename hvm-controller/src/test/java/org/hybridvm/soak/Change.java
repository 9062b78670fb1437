// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.soak;

/**
 * What one client asked to be done with a job.
 *
 * @param status of the answer; 0: hvmd was killed before it came
 * @param asked when, nanoseconds
 * @param told when it was over for the client
 */
record Change(int client, long asked, long told, String action, int job, int status) {
    boolean mayHaveHappened() {
        return status == 0 || status == 200;
    }
}
