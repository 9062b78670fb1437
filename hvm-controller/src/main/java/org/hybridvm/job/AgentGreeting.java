// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.util.Map;

/** What an agent said when its channel was opened; each channel has one of its own. */
public final class AgentGreeting {
    private final String life;
    private final Map<JobKey, Kept> jobs;

    /**
     * A job that the agent keeps.
     *
     * @param ended whether its process is gone
     * @param reports lines of its report that the agent knows to be on disk
     */
    public record Kept(boolean ended, long reports) {}

    /**
     * @param life of the agent: while it is the same, no job that it was given is lost
     * @param jobs all that it keeps, of whatever an earlier channel has brought it
     */
    public AgentGreeting(String life, Map<JobKey, Kept> jobs) {
        this.life = life;
        this.jobs = Map.copyOf(jobs);
    }

    public String life() {
        return life;
    }

    public Map<JobKey, Kept> jobs() {
        return jobs;
    }
}
