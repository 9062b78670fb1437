// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.trace;

import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.hybridvm.job.JobObserver;
import org.hybridvm.job.JobRecord;
import org.hybridvm.job.JobState;
import org.hybridvm.job.ReportLine;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Traces of jobs: from submission, through the queue, agent and proxy, to the first HRT instruction and the end. A job's
 * place in a trace is in its environment ({@code TRACEPARENT}), so it survives hvmd, and a program that traces goes on
 * below the job's span; whose span the job's is part of stands in {@code TRACESTATE}.
 *
 * <p>Clocks of host and guest are not compared: the guest tells how long ago things were, and the host when it heard so.
 */
public final class JobTracer implements JobObserver, AutoCloseable {
    static final String STATE = "TRACESTATE";

    private static final Logger LOG = LoggerFactory.getLogger(JobTracer.class);
    private static final String OURS = "hvm=";
    private static final int MOST_STAMPS = 10_000;

    /**
     * @param heard when the line came
     * @param age how long ago the first instruction was when the line was written
     * @param needed what the proxy had needed until then
     */
    private record Stamp(Instant heard, Duration age, Duration needed) {
        /** When it was, at the latest. */
        Instant latest() {
            return heard.minus(age);
        }

        /** The line was written between the job's start plus what was needed, and when it came. */
        Duration error(Instant start) {
            Duration bound = Duration.between(start, heard).minus(needed);
            return bound.isNegative() ? Duration.ZERO : bound;
        }
    }

    private final OtlpExporter exporter;
    private final Map<Integer, Instant> merged = new ConcurrentHashMap<>();
    private final Map<Integer, Stamp> first = new ConcurrentHashMap<>();

    JobTracer(OtlpExporter exporter) {
        this.exporter = exporter;
    }

    /**
     * As OpenTelemetry's variables want it; empty, and nothing is loaded or done, without an endpoint.
     *
     * @param environment of hvmd
     */
    public static Optional<JobTracer> of(Map<String, String> environment) {
        String endpoint = environment.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
        String base = environment.get("OTEL_EXPORTER_OTLP_ENDPOINT");
        if (endpoint == null && base != null) {
            endpoint = base.replaceFirst("/*$", "") + "/v1/traces";
        }
        if (endpoint == null || endpoint.isBlank()) {
            return Optional.empty();
        }
        if (!endpoint.matches("https?://[^ ]+")) {
            LOG.warn("no traces, the collector's address is none address={}", endpoint);
            return Optional.empty();
        }
        var headers = new LinkedHashMap<String, String>();
        for (String pair :
                environment.getOrDefault("OTEL_EXPORTER_OTLP_HEADERS", "").split(",")) {
            int equals = pair.indexOf('=');
            if (equals > 0) {
                headers.put(
                        pair.substring(0, equals).strip(),
                        pair.substring(equals + 1).strip());
            }
        }
        String service = environment.getOrDefault("OTEL_SERVICE_NAME", "hvmd");
        return Optional.of(new JobTracer(new OtlpExporter(URI.create(endpoint), headers, service)));
    }

    @Override
    public List<String> environment(List<String> asked) {
        Optional<TraceParent> caller = TraceParent.of(asked);
        if (caller.isPresent() && !caller.get().sampled()) {
            return asked;
        }
        TraceParent job = caller.map(one -> one.below(TraceParent.random(8))).orElseGet(TraceParent::begin);
        var environment = new ArrayList<>(asked);
        environment.removeIf(one -> one.startsWith(TraceParent.VARIABLE + "=") || one.startsWith(STATE + "="));
        environment.add(TraceParent.VARIABLE + "=" + job);
        caller.ifPresent(one -> environment.add(STATE + "=" + state(one, asked)));
        return environment;
    }

    /** Ours first, then what others have to say, as the specification wants it. */
    private static String state(TraceParent caller, List<String> asked) {
        return OURS
                + caller.spanId()
                + TraceParent.value(asked, STATE)
                        .filter(others -> !others.isBlank())
                        .map(others -> "," + others)
                        .orElse("");
    }

    @Override
    public void reported(int job, ReportLine line, Instant when) {
        if (merged.size() > MOST_STAMPS) {
            return; // of jobs whose end nobody told
        }
        switch (line.word()) {
            case "started" -> merged.put(job, when);
            case "first-instruction" ->
                first.put(
                        job,
                        new Stamp(
                                when,
                                Duration.ofNanos(number(line, "age_ns")),
                                Duration.ofNanos(number(line, "elapsed_ns"))));
            default -> {} // no part of the trace
        }
    }

    private static long number(ReportLine line, String name) {
        return line.value(name)
                .filter(text -> text.matches("[0-9]{1,18}"))
                .map(Long::parseLong)
                .orElse(0L);
    }

    @Override
    public void changed(JobRecord record, List<String> environment) {
        if (!record.state().isTerminal()) {
            return;
        }
        TraceParent.of(environment)
                .filter(TraceParent::sampled)
                .ifPresent(place -> exporter.export(spans(record, place, parent(environment))));
        merged.remove(record.number());
        first.remove(record.number());
    }

    private static Optional<String> parent(List<String> environment) {
        return TraceParent.value(environment, STATE)
                .filter(state -> state.startsWith(OURS))
                .map(state -> state.substring(OURS.length()).split(",")[0]);
    }

    /** All tasks of an array have one environment: the first one's span is that, the others are below it. */
    private List<Span> spans(JobRecord record, TraceParent told, Optional<String> caller) {
        boolean later = record.batch()
                .filter(facts -> facts.arrayJob() != 0 && facts.arrayJob() != record.number())
                .isPresent();
        TraceParent place = later ? told.below(TraceParent.random(8)) : told;
        Optional<String> parent = later ? Optional.of(told.spanId()) : caller;
        var spans = new ArrayList<Span>();
        Instant end = record.ended().orElse(record.submitted());
        Instant start = record.started().orElse(end);
        boolean failed = record.state() != JobState.COMPLETED;
        spans.add(new Span(
                "job", place.traceId(), place.spanId(), parent, record.submitted(), end, facts(record), failed));
        spans.add(part("queue", place, record.submitted(), start, Map.of()));
        if (record.started().isPresent()) {
            Span run = part("run", place, start, end, Map.of());
            spans.add(run);
            TraceParent below = place.below(run.spanId());
            Instant atMerge = merged.get(record.number());
            Stamp atFirst = first.get(record.number());
            if (atMerge != null) {
                spans.add(part("agent and proxy", below, start, atMerge, Map.of()));
            }
            if (atMerge != null && atFirst != null) {
                Instant latest = atFirst.latest();
                spans.add(part(
                        "first HRT instruction",
                        below,
                        atMerge,
                        latest,
                        Map.of("hvm.early_by_at_most_ns", atFirst.error(start).toNanos())));
            }
        }
        return spans;
    }

    private static Span part(String name, TraceParent above, Instant start, Instant end, Map<String, Object> facts) {
        return new Span(
                name,
                above.traceId(),
                TraceParent.random(8),
                Optional.of(above.spanId()),
                start,
                end.isBefore(start) ? start : end,
                facts,
                false);
    }

    private static Map<String, Object> facts(JobRecord record) {
        var facts = new LinkedHashMap<String, Object>();
        facts.put("hvm.job", record.number());
        facts.put("hvm.vm", record.vm());
        facts.put("hvm.partition", record.partition());
        facts.put("hvm.cores", record.cores());
        facts.put("hvm.state", record.state().name());
        record.result().ifPresent(result -> facts.put("process.exit.code", result.exitCode()));
        return facts;
    }

    @Override
    public void close() {
        exporter.close();
    }
}
