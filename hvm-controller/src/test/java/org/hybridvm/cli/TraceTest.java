// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.hybridvm.JsonObject;
import org.hybridvm.api.FakeVmControl;
import org.hybridvm.job.FakeMachine;
import org.hybridvm.trace.JobTracer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Traces of jobs as a collector gets them. */
@Timeout(30)
class TraceTest {
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String SPAN = "b7ad6b7169203331";
    private static final long LIMIT_SECONDS = 10;

    @TempDir
    private Path folder;

    private final BlockingQueue<JsonObject> received = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> authorization = new LinkedBlockingQueue<>();
    private HttpServer collector;
    private FakeMachine machine;
    private HvmTester hvm;
    private JobTracer tracer;

    @BeforeEach
    void setUp() throws Exception {
        collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        collector.createContext("/v1/traces", exchange -> {
            authorization.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
            received.add(
                    JsonObject.parse(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8)));
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        collector.start();
        machine = new FakeMachine("demo", 2, folder.toRealPath()).install("/bin/true", process -> {
            process.report("started cores=1 merge_ns=44000");
            process.report("first-instruction age_ns=2000 elapsed_ns=700");
            return 0;
        });
        hvm = new HvmTester(new FakeVmControl(machine, folder.resolve("console")).launched(), folder);
        tracer = JobTracer.of(Map.of(
                        "OTEL_EXPORTER_OTLP_ENDPOINT",
                        "http://127.0.0.1:" + collector.getAddress().getPort() + "/",
                        "OTEL_EXPORTER_OTLP_HEADERS",
                        "Authorization=Bearer x, other=y"))
                .orElseThrow();
        hvm.jobs.observe(tracer);
    }

    @AfterEach
    void tearDown() throws Exception {
        tracer.close();
        hvm.close();
        collector.stop(0);
    }

    @Test
    void shouldTraceAJobFromItsSubmissionToTheFirstInstruction() throws Exception {
        hvm.run("run", "--", "/bin/true");
        Map<String, JsonObject> spans = spans();
        assertThat(spans.keySet())
                .containsExactlyInAnyOrder("job", "queue", "run", "agent and proxy", "first HRT instruction");
        JsonObject job = spans.get("job");
        assertThat(job.has("parentSpanId")).isFalse();
        assertThat(job.text("traceId")).matches("[0-9a-f]{32}");
        assertThat(spans.values()).allMatch(span -> span.text("traceId").equals(job.text("traceId")));
        assertThat(spans.get("run").text("parentSpanId")).isEqualTo(job.text("spanId"));
        assertThat(spans.get("first HRT instruction").text("parentSpanId"))
                .isEqualTo(spans.get("run").text("spanId"));
        assertThat(spans.get("first HRT instruction")
                        .objects("attributes")
                        .getFirst()
                        .text("key"))
                .isEqualTo("hvm.early_by_at_most_ns");
        assertThat(job.object("status").number("code")).isEqualTo(1);
        assertThat(Long.parseLong(job.text("endTimeUnixNano")))
                .isGreaterThanOrEqualTo(Long.parseLong(spans.get("run").text("startTimeUnixNano")));
        assertThat(authorization.take()).isEqualTo("Bearer x");
    }

    @Test
    void shouldGiveTheProgramItsPlaceInTheTrace() throws Exception {
        hvm.run("run", "--", "/bin/true");
        JsonObject job = spans().get("job");
        assertThat(machine.commands().getFirst().environment())
                .contains("TRACEPARENT=00-" + job.text("traceId") + "-" + job.text("spanId") + "-01");
    }

    @Test
    void shouldGoOnWithTheCallersTrace() throws Exception {
        hvm.run("run", "--env", "TRACEPARENT=00-" + TRACE + "-" + SPAN + "-01", "--", "/bin/true");
        JsonObject job = spans().get("job");
        assertThat(job.text("traceId")).isEqualTo(TRACE);
        assertThat(job.text("parentSpanId")).isEqualTo(SPAN);
        assertThat(job.text("spanId")).isNotEqualTo(SPAN);
    }

    @Test
    void shouldMarkAJobThatFailed() throws Exception {
        machine.install("/bin/false", process -> 3);
        hvm.run("run", "--", "/bin/false");
        assertThat(spans().get("job").object("status").number("code")).isEqualTo(2);
    }

    @Test
    void shouldLeaveAloneWhatTheCallerDoesNotKeep() throws Exception {
        String unsampled = "TRACEPARENT=00-" + TRACE + "-" + SPAN + "-00";
        hvm.run("run", "--env", unsampled, "--", "/bin/true");
        assertThat(machine.commands().getFirst().environment()).contains(unsampled);
        hvm.run("run", "--", "/bin/true");
        assertThat(spans().get("job").text("traceId")).isNotEqualTo(TRACE);
    }

    @Test
    void shouldRunJobsWhileTheCollectorIsAway() {
        collector.stop(0);
        assertThat(hvm.run("run", "--", "/bin/true").status()).isZero();
    }

    @Test
    void shouldBeOffWithoutAnAddress() {
        assertThat(JobTracer.of(Map.of())).isEmpty();
        assertThat(JobTracer.of(Map.of("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317")))
                .isEmpty();
    }

    /** Of the next job, by name. */
    private Map<String, JsonObject> spans() throws InterruptedException {
        JsonObject message = received.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
        assertThat(message).as("spans within %s s", LIMIT_SECONDS).isNotNull();
        List<JsonObject> spans = new ArrayList<>();
        for (JsonObject resource : message.objects("resourceSpans")) {
            resource.objects("scopeSpans").forEach(scope -> spans.addAll(scope.objects("spans")));
        }
        return spans.stream().collect(Collectors.toMap(span -> span.text("name"), span -> span));
    }
}
