// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HexFormat;
import org.hybridvm.job.AgentGreeting;
import org.hybridvm.job.JobKey;

/** Reads {@code struct hvm_job_info} of hvm/frame.h. */
final class JobInfo {
    static final int SIZE = 24;

    private static final int STREAM_OFFSET = 0;
    private static final int RESTARTS_OFFSET = 4;
    private static final int ENDED_OFFSET = 8;
    private static final int REPORTS_OFFSET = 16;

    private JobInfo() {}

    /** What a HELLO_REPLY says of the agent's life and jobs. */
    static AgentGreeting greeting(Fields fields) throws ProtocolException {
        byte[] life = fields.all(FieldTag.LIFE).stream().findFirst().orElse(new byte[0]);
        var jobs = new HashMap<JobKey, AgentGreeting.Kept>();
        for (byte[] bytes : fields.all(FieldTag.JOB)) {
            ByteBuffer info = Struct.of(bytes, SIZE, "job");
            var key = new JobKey(info.getInt(STREAM_OFFSET), info.getInt(RESTARTS_OFFSET));
            long reports = info.getLong(REPORTS_OFFSET);
            if (key.job() <= 0 || key.restarts() < 0 || reports < 0) {
                throw new ProtocolException("a job " + key + " with " + reports + " lines of report");
            }
            jobs.put(key, new AgentGreeting.Kept(info.getInt(ENDED_OFFSET) != 0, reports));
        }
        return new AgentGreeting(HexFormat.of().formatHex(life), jobs);
    }
}
