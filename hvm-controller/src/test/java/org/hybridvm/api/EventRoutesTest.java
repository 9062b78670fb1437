// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hybridvm.Await.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.hybridvm.JsonObject;
import org.hybridvm.cli.HvmTester;
import org.hybridvm.config.Limits;
import org.hybridvm.event.Event;
import org.hybridvm.job.FakeMachine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class EventRoutesTest {
    private static final int TEXT = 1;
    private static final Limits SHORT =
            new Limits(4 << 20, 32 << 10, 8 << 10, 2000, 4000, 2, 1024, Duration.ofMillis(200));

    @TempDir
    private Path folder;

    private HvmTester hvm;
    private Path socket;

    @BeforeEach
    void setUp() throws Exception {
        var machine = new FakeMachine("demo", 2, folder.toRealPath()).install("/bin/true", process -> 0);
        hvm = new HvmTester(
                new FakeVmControl(machine, Files.createFile(folder.resolve("c"))).launched(), folder, SHORT);
        socket = hvm.home.socket();
    }

    @AfterEach
    void tearDown() throws IOException {
        hvm.close();
    }

    @Test
    void shouldTellWhatHappenedToAJobPageByPage() throws Exception {
        hvm.run("run", "--", "/bin/true");
        JsonObject first = RawClient.get(socket, "/v1/events?limit=2").json();
        assertThat(states(first)).containsExactly("PENDING", "RUNNING");
        assertThat(states(RawClient.get(socket, "/v1/events?limit=2&after=" + first.number("next"))
                        .json()))
                .containsExactly("COMPLETED");
        assertThat(states(RawClient.get(socket, "/v1/events?subject=job/1&kind=job,vm")
                        .json()))
                .hasSize(3);
        assertThat(states(RawClient.get(socket, "/v1/events?subject=job/2").json()))
                .isEmpty();
    }

    @Test
    void shouldFollowFromANumberOnInLines() throws Exception {
        publish(3);
        try (var client = new RawClient(socket)) {
            client.send("GET", "/v1/events?follow=true&after=1", Map.of(), null);
            RawClient.Answer head = client.head();
            assertThat(head.type()).isEqualTo("application/x-ndjson");
            var lines = client.lines(head);
            assertThat(JsonObject.parse(lines.readLine()).number("number")).isEqualTo(2);
            assertThat(JsonObject.parse(lines.readLine()).number("number")).isEqualTo(3);
            publish(1);
            assertThat(JsonObject.parse(lines.readLine()).number("number")).isEqualTo(4);
        }
    }

    @Test
    void shouldFollowWhatIsToComeThroughAWebSocket() throws Exception {
        publish(3);
        try (var client = new RawClient(socket)) {
            assertThat(client.webSocket("/v1/events?kind=test").status()).isEqualTo(101);
            hvm.events.publish("other", "vm/demo", Map.of());
            publish(1);
            RawClient.Message message = client.message();
            assertThat(message.opcode()).isEqualTo(TEXT);
            assertThat(JsonObject.parse(message.text()).number("number")).isEqualTo(5);
        }
    }

    @Test
    void shouldRefuseANumberThatIsGoneBeforeTheStream() throws Exception {
        publish(3);
        for (String path : List.of("/v1/events?after=9", "/v1/events?follow=true&after=9")) {
            RawClient.Answer answer = RawClient.get(socket, path);
            assertThat(answer.status()).isEqualTo(410);
            assertThat(answer.json().text("code")).isEqualTo("events_gone");
            assertThat(answer.json().text("allowed")).isEqualTo("0 to 3");
        }
        try (var client = new RawClient(socket)) {
            RawClient.Answer answer = client.webSocket("/v1/events?after=9");
            assertThat(answer.status()).isEqualTo(410);
            assertThat(answer.json().text("code")).isEqualTo("events_gone");
        }
    }

    @Test
    void shouldCutAFollowerThatReadsNothingAndTellIt() throws Exception {
        try (var socketClient = new RawClient(socket);
                var lineClient = new RawClient(socket)) {
            socketClient.webSocket("/v1/events?after=0");
            lineClient.send("GET", "/v1/events?after=0&follow=true", Map.of(), null);
            RawClient.Answer head = lineClient.head();
            publishMuch();
            assertSlotIsFreeAgain();
            var lines = lineClient.lines(head);
            long count = 0;
            JsonObject line = JsonObject.parse(lines.readLine());
            for (; line.has("number"); line = JsonObject.parse(lines.readLine())) {
                assertThat(line.number("number")).isEqualTo(++count);
            }
            assertThat(count).isLessThan(2000);
            assertThat(line.object("problem").text("code")).isEqualTo("stream_too_slow");
            assertThat(lines.readLine()).isNull();
        }
    }

    private void publishMuch() {
        String large = "x".repeat(20_000);
        hvm.events
                .writeWith(
                        connection -> null,
                        IntStream.range(0, 2000)
                                .mapToObj(i -> Event.now(Instant.EPOCH, "test", "vm/demo", Map.of("text", large)))
                                .toList())
                .join();
    }

    @Test
    void shouldRefuseMoreStreamsThanItBears() throws Exception {
        try (var one = new RawClient(socket);
                var two = new RawClient(socket)) {
            one.webSocket("/v1/events");
            two.webSocket("/v1/events");
            RawClient.Answer refused = RawClient.get(socket, "/v1/events?follow=true");
            assertThat(refused.status()).isEqualTo(429);
            assertThat(refused.headers()).containsEntry("retry-after", "5");
            assertThat(refused.json().text("code")).isEqualTo("too_many_streams");
        }
        assertSlotIsFreeAgain();
    }

    private void assertSlotIsFreeAgain() throws Exception {
        for (int tries = 0; ; tries++) {
            try (var one = new RawClient(socket);
                    var two = new RawClient(socket)) {
                if (one.webSocket("/v1/events").status() == 101
                        && two.webSocket("/v1/events").status() == 101) {
                    return;
                }
            }
            assertThat(tries).isLessThan(500);
            Thread.sleep(20);
        }
    }

    private void publish(int count) throws InterruptedException {
        long before = hvm.events.range().newest();
        for (int i = 0; i < count; i++) {
            hvm.events.publish("test", "vm/demo", Map.of("i", i));
        }
        await(() -> hvm.events.range().newest() >= before + count);
    }

    private static List<String> states(JsonObject page) {
        return page.objects("events").stream()
                .map(event -> event.object("facts").text("state"))
                .toList();
    }
}
