// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.JsonObject;
import org.hybridvm.api.FakeVmControl;
import org.hybridvm.job.FakeMachine;
import org.hybridvm.metrics.ExpositionLint;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Metrics, health and request ids of an hvmd whose VM is in memory. */
@Timeout(30)
class SightTest {
    @TempDir
    private Path folder;

    private FakeVmControl vms;
    private HvmTester hvm;

    @BeforeEach
    void setUp() throws Exception {
        var machine = new FakeMachine("demo", 2, folder.toRealPath()).install("/bin/true", process -> 0);
        vms = new FakeVmControl(machine, folder.resolve("console")).launched();
        hvm = new HvmTester(vms, folder);
    }

    @AfterEach
    void tearDown() throws IOException {
        hvm.close();
    }

    @Test
    void shouldTellPrometheusOfJobsVmsPartitionsAndCores() throws IOException {
        hvm.run("run", "--", "/bin/true");
        hvm.run("list");
        Map<String, Double> metrics = ExpositionLint.check(body(request("/metrics")));
        assertThat(metrics)
                .containsEntry("hvm_jobs{state=\"COMPLETED\"}", 1.0)
                .containsEntry("hvm_jobs{state=\"RUNNING\"}", 0.0)
                .containsEntry("hvm_vm_state{vm=\"demo\",state=\"READY\"}", 1.0)
                .containsEntry("hvm_vm_state{vm=\"demo\",state=\"FAILED\"}", 0.0)
                .containsEntry("hvm_host_cores{owner=\"housekeeping\"}", 1.0)
                .containsEntry("hvm_host_cores{owner=\"demo/hrt\"}", 1.0)
                .containsEntry("hvm_http_request_seconds_count{method=\"GET\",route=\"/v1/vms\",status=\"200\"}", 1.0)
                .containsKey("hvm_partition_calls_total{vm=\"demo\",partition=\"hrt\",answered=\"linux\"}")
                .containsKey("hvm_partition_heartbeat_age_seconds{vm=\"demo\",partition=\"hrt\"}")
                .containsKey("hvm_event_loop_lag_seconds_count")
                .containsKey("process_resident_memory_bytes")
                .containsKey("hvm_jvm_heap_bytes{area=\"used\"}");
        assertThat(metrics.get("hvm_store_commit_seconds_count")).isPositive();
    }

    @Test
    void shouldNameRoutesNotPathsWhateverIsAskedFor() throws IOException {
        for (int i = 0; i < 5; i++) {
            request("/v1/jobs/" + i);
            request("/no/such/" + i);
        }
        assertThat(ExpositionLint.check(body(request("/metrics"))))
                .containsEntry(
                        "hvm_http_request_seconds_count{method=\"GET\",route=\"/v1/jobs/:job\",status=\"404\"}", 5.0)
                .containsEntry("hvm_http_request_seconds_count{method=\"GET\",route=\"other\",status=\"404\"}", 5.0);
    }

    @Test
    void shouldSpeakOpenMetricsToWhoAsksForIt() throws IOException {
        String answer = request("/metrics", "Accept: application/openmetrics-text; version=1.0.0");
        assertThat(answer.toLowerCase()).contains("content-type: application/openmetrics-text; version=1.0.0");
        assertThat(body(answer)).endsWith("# EOF\n").contains("# TYPE process_cpu_seconds counter\n");
    }

    @Test
    void shouldBeReadyWhenEverythingIs() throws IOException {
        assertThat(request("/v1/health/live")).startsWith("HTTP/1.1 200");
        JsonObject ready = JsonObject.parse(body(request("/v1/health/ready")));
        assertThat(ready.flag("ready")).isTrue();
        assertThat(ready.objects("phases").stream().map(phase -> phase.text("name")))
                .containsExactly("database", "disk", "libvirt and adoption");
        assertThat(hvm.run("daemon", "status").out()).contains("\nready\n");
    }

    @Test
    void shouldSayWhatIsNotReady() throws IOException {
        vms.obstruct(HvmException.of(ErrorCode.NOT_READY, "hvmd adopts VMs").build());
        String answer = request("/v1/health/ready");
        assertThat(answer).startsWith("HTTP/1.1 503").contains("application/problem+json");
        JsonObject problem = JsonObject.parse(body(answer));
        assertThat(problem.text("code")).isEqualTo("not_ready");
        assertThat(problem.text("value")).isEqualTo("libvirt and adoption");
        assertThat(problem.objects("phases").getLast().text("problem")).isEqualTo("hvmd adopts VMs.");
        assertThat(request("/v1/health/live")).startsWith("HTTP/1.1 200");
        assertThat(ExpositionLint.check(body(request("/metrics")))).containsEntry("hvm_ready", 0.0);
        assertThat(hvm.run("daemon", "status").out()).endsWith("not ready\n  libvirt and adoption: hvmd adopts VMs.\n");
    }

    @Test
    void shouldGiveBackTheCallersRequestId() throws IOException {
        assertThat(request("/v1/version", "X-Request-Id: ci-17.a")).contains("X-Request-Id: ci-17.a\r\n");
    }

    @Test
    void shouldGiveEachRequestAnIdOfItsOwn() throws IOException {
        assertThat(idOf(request("/v1/version"))).matches("[0-9a-f]{16}").isNotEqualTo(idOf(request("/v1/version")));
    }

    @Test
    void shouldNotTakeAnIdThatWouldSpoilALog() throws IOException {
        assertThat(idOf(request("/v1/version", "X-Request-Id: a b=c"))).matches("[0-9a-f]{16}");
        assertThat(idOf(request("/v1/version", "X-Request-Id: " + "x".repeat(65))))
                .matches("[0-9a-f]{16}");
    }

    private static String idOf(String answer) {
        return answer.replaceFirst("(?s).*\r\nX-Request-Id: ([^\r]*)\r\n.*", "$1");
    }

    private static String body(String answer) {
        return answer.substring(answer.indexOf("\r\n\r\n") + 4);
    }

    private String request(String path, String... headers) throws IOException {
        try (var channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(hvm.home.socket()));
            String head = "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                    + String.join(
                            "",
                            java.util.Arrays.stream(headers)
                                    .map(one -> one + "\r\n")
                                    .toList()) + "\r\n";
            channel.write(ByteBuffer.wrap(head.getBytes(StandardCharsets.US_ASCII)));
            return new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
