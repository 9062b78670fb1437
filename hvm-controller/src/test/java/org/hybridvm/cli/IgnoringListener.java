// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import org.hybridvm.job.JobListener;
import org.hybridvm.job.JobResult;

/** For jobs that only have to be there. */
final class IgnoringListener implements JobListener {
    @Override
    public void ended(JobResult result) {}
}
