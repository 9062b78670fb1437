// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.hybridvm.job.GuestMachine;
import org.hybridvm.job.Job;
import org.hybridvm.job.JobListener;
import org.hybridvm.job.JobRequest;
import org.hybridvm.job.JobResult;
import org.hybridvm.job.JobService;
import org.hybridvm.job.OutputStreamKind;
import org.hybridvm.job.PartitionKind;

/** Runs the guest's benchmark program and reads the figures it prints. Its methods block until the program ends. */
final class BenchRun implements JobListener {
    private static final String PROGRAM = "/bin/hvm-bench";
    private static final Duration LIMIT = Duration.ofMinutes(20);
    private static final int MAX_OUTPUT = 2 * 1024 * 1024;
    private static final int MAX_NOISE_SECONDS = 30;

    private final CompletableFuture<JobResult> end = new CompletableFuture<>();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private BenchRun() {}

    /** All metrics, of {@code vm} or of the only VM that is up. */
    static Map<String, Object> metrics(JobService jobs, Optional<String> vm) {
        Map<String, Object> facts = run(jobs, vm, PartitionKind.LINUX, 0, List.of());
        String name = facts.get("vm").toString();
        Optional<String> same = Optional.of(name);
        var metrics = new ArrayList<Object>(metricsOf(facts));
        metrics.addAll(sideBySide(
                run(jobs, same, PartitionKind.HRT, 1, List.of("threads")),
                run(jobs, same, PartitionKind.LINUX, 0, List.of("threads")),
                "pthreads in the Linux partition"));
        int cores = Math.min(mostCores(jobs, name, PartitionKind.HRT), mostCores(jobs, name, PartitionKind.LINUX));
        List<String> openmp = List.of("openmp", Integer.toString(cores));
        metrics.addAll(sideBySide(
                run(jobs, same, PartitionKind.HRT, cores, openmp),
                run(jobs, same, PartitionKind.LINUX, 0, openmp),
                "OpenMP on as many Linux cores (%d)".formatted(cores)));
        metrics.addAll(metricsOf(run(jobs, same, PartitionKind.LINUX, 0, List.of("ptask"))));
        facts.put("metrics", metrics);
        return facts;
    }

    private static int mostCores(JobService jobs, String vm, PartitionKind kind) {
        return jobs.partitions(vm).stream()
                .filter(partition -> partition.kind() == kind)
                .mapToInt(GuestMachine.Partition::cores)
                .max()
                .orElse(1);
    }

    /** What one program measured on an HRT core and in the Linux partition. */
    private static List<Map<String, Object>> sideBySide(
            Map<String, Object> hrt, Map<String, Object> linux, String beside) {
        var peers = new HashMap<String, Double>();
        for (JsonObject metric : metricsIn(linux)) {
            metric.optionalDecimal("value").ifPresent(value -> peers.put(metric.text("name"), value));
        }
        var joined = new ArrayList<Map<String, Object>>();
        for (JsonObject metric : metricsIn(hrt)) {
            var facts = new LinkedHashMap<>(metric.asMap());
            Double peer = peers.get(metric.text("peer", metric.text("name")));
            facts.remove("peer");
            if (peer != null && peer > 0) {
                facts.put("beside", beside);
                facts.put("beside_value", peer);
                metric.optionalDecimal("value").ifPresent(value -> facts.put("ratio", value / peer));
            }
            joined.add(facts);
        }
        return joined;
    }

    private static List<JsonObject> metricsIn(Map<String, Object> facts) {
        return JsonObject.parse(Json.write(facts)).objects("metrics");
    }

    private static List<Map<String, Object>> metricsOf(Map<String, Object> facts) {
        return metricsIn(facts).stream().map(JsonObject::asMap).toList();
    }

    /** Fixed work quantum and detours, each for {@code seconds}. */
    static Map<String, Object> noise(JobService jobs, Optional<String> vm, long seconds) {
        if (seconds < 1 || seconds > MAX_NOISE_SECONDS) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "Noise cannot be measured for this number of seconds")
                    .value(seconds)
                    .allowed("1 to " + MAX_NOISE_SECONDS)
                    .build();
        }
        return run(jobs, vm, PartitionKind.LINUX, 0, List.of("noise", Long.toString(seconds)));
    }

    private static Map<String, Object> run(
            JobService jobs, Optional<String> vm, PartitionKind kind, int cores, List<String> arguments) {
        var run = new BenchRun();
        var request = new JobRequest.Builder(PROGRAM, arguments)
                .vm(vm)
                .kind(kind)
                .cores(cores)
                .environment(List.of("PATH=/bin:/sbin"))
                .asRoot()
                .timeLimit(Optional.of(LIMIT))
                .build();
        Job job = jobs.run(request, run);
        job.closeStdin();
        job.grant(OutputStreamKind.STDOUT, 0, MAX_OUTPUT);
        job.grant(OutputStreamKind.STDERR, 0, MAX_OUTPUT);
        JobResult result = run.await(job);
        var facts = new LinkedHashMap<String, Object>();
        facts.put("vm", job.record().vm());
        facts.putAll(run.figures(result).asMap());
        return facts;
    }

    @Override
    public void output(OutputStreamKind stream, ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        (stream == OutputStreamKind.STDOUT ? out : err).writeBytes(copy);
    }

    @Override
    public void ended(JobResult result) {
        end.complete(result);
    }

    private JobResult await(Job job) {
        try {
            return end.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            job.signal(9);
            throw HvmException.of(ErrorCode.SHUTTING_DOWN, "hvmd stops")
                    .cause(e)
                    .build();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    private JsonObject figures(JobResult result) {
        if (result.status() != 0) {
            String words = err.toString(StandardCharsets.UTF_8).strip();
            throw HvmException.of(ErrorCode.GUEST_PROTOCOL, "The benchmark failed")
                    .value("status " + result.status() + ": " + (words.isEmpty() ? result.reason() : words))
                    .owner(PROGRAM)
                    .hint("hvm jobs")
                    .build();
        }
        return JsonObject.parse(out.toString(StandardCharsets.UTF_8));
    }
}
