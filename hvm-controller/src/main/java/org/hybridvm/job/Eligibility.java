// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.time.Clock;
import java.util.List;
import java.util.Optional;
import org.hybridvm.access.Quotas;

/** Whether a job may start as soon as there are cores for it, or what keeps it. */
final class Eligibility {
    private final BatchQueue.Site site;
    private final Quotas quotas;
    private final Clock clock;

    Eligibility(BatchQueue.Site site, Quotas quotas, Clock clock) {
        this.site = site;
        this.quotas = quotas;
        this.clock = clock;
    }

    /** What keeps it apart from cores; empty: nothing does. */
    Optional<BatchQueue.Blocked> notYet(JobRecord record) {
        return record.batch().flatMap(facts -> notYet(record, facts)).or(() -> overQuota(record));
    }

    private Optional<BatchQueue.Blocked> notYet(JobRecord record, BatchFacts facts) {
        if (facts.held()) {
            return blocked("JobHeldUser", List.of());
        }
        if (facts.begin().filter(clock.instant()::isBefore).isPresent()) {
            return Optional.of(new BatchQueue.Blocked("BeginTime", List.of(), facts.begin(), clock.instant()));
        }
        if (!facts.dependency().isEmpty()) {
            Dependency dependency = Dependency.parse(facts.dependency());
            List<Integer> jobs = dependency.terms().stream()
                    .map(Dependency.Term::job)
                    .filter(job -> job.number() > 0)
                    .flatMap(job -> site.tasks(job).stream())
                    .map(JobRecord::number)
                    .toList();
            switch (dependency.verdict(site::tasks, site.isFirstOfItsName(record))) {
                case WAITS -> {
                    return blocked("Dependency", jobs);
                }
                case NEVER -> {
                    return blocked("DependencyNeverSatisfied", jobs);
                }
                case MET -> {}
            }
        }
        return overArrayLimit(facts);
    }

    private Optional<BatchQueue.Blocked> overArrayLimit(BatchFacts facts) {
        if (facts.arrayLimit() == 0) {
            return Optional.empty();
        }
        List<Integer> tasks = site.running().stream()
                .filter(one -> one.batch()
                        .filter(other -> other.arrayJob() == facts.arrayJob())
                        .isPresent())
                .map(JobRecord::number)
                .toList();
        return tasks.size() >= facts.arrayLimit() ? blocked("JobArrayTaskLimit", tasks) : Optional.empty();
    }

    /** Slurm's words for limits of a quality of service, of which everybody has one here. */
    private Optional<BatchQueue.Blocked> overQuota(JobRecord record) {
        Quotas.Limits limits = quotas.of(record.owner());
        if (limits.running().isEmpty() && limits.cores().isEmpty()) {
            return Optional.empty();
        }
        List<JobRecord> own = site.running().stream()
                .filter(one -> one.owner().uid() == record.owner().uid())
                .toList();
        List<Integer> jobs = own.stream().map(JobRecord::number).toList();
        if (limits.running().filter(most -> own.size() >= most).isPresent()) {
            return blocked("QOSMaxJobsPerUserLimit", jobs);
        }
        int cores = own.stream().mapToInt(JobRecord::cores).sum() + record.cores();
        return limits.cores().filter(most -> cores > most).isPresent()
                ? blocked("QOSMaxCpuPerUserLimit", jobs)
                : Optional.empty();
    }

    private Optional<BatchQueue.Blocked> blocked(String reason, List<Integer> jobs) {
        return Optional.of(new BatchQueue.Blocked(reason, jobs, Optional.empty(), clock.instant()));
    }
}
