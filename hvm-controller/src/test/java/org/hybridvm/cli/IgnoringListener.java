// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.nio.ByteBuffer;
import org.hybridvm.job.Job;
import org.hybridvm.job.JobListener;
import org.hybridvm.job.JobResult;
import org.hybridvm.job.OutputStreamKind;

/** For jobs that only have to be there. */
final class IgnoringListener implements JobListener {
    @Override
    public void accepted(Job job) {}

    @Override
    public void pending(String reason) {}

    @Override
    public void running() {}

    @Override
    public void stdinCredit(int bytes) {}

    @Override
    public void output(OutputStreamKind stream, ByteBuffer bytes) {}

    @Override
    public void report(String line) {}

    @Override
    public void ended(JobResult result) {}
}
