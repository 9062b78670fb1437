// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.hybridvm.JsonObject;
import org.hybridvm.cli.HvmTester;
import org.hybridvm.config.Limits;
import org.hybridvm.job.FakeMachine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Requests that make no sense, by the thousand, each series from a seed: whatever comes, the answer is no failure of hvmd's
 * own, memory stays bounded, and the next request is served.
 */
@Timeout(1800)
class ApiFuzzTest {
    private static final int REQUESTS = Integer.getInteger("hvm.fuzz", 3_000);
    private static final long SEED = Long.getLong("hvm.fuzz.seed", 20260104);
    private static final Limits LIMITS =
            new Limits(64 << 10, 8 << 10, 4 << 10, 1_000_000, 1_000_000, 16, 4 << 10, Duration.ofMillis(500));
    private static final List<String> METHODS =
            List.of("GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS", "TRACE", "get", "FOO", "", "G\u0001T");
    private static final List<String> WORDS = List.of(
            "v1",
            "vms",
            "jobs",
            "demo",
            "1",
            "-1",
            "2147483648",
            "run",
            "attach",
            "log",
            "why",
            "cancel",
            "hold",
            "release",
            "requeue",
            "signal",
            "events",
            "console",
            "logs",
            "kernel",
            "partitions",
            "hrt",
            "reboot",
            "modules",
            "window",
            "serve",
            "layouts",
            "validate",
            "bench",
            "noise",
            "version",
            "doctor",
            "openapi.json",
            "..",
            ".",
            "",
            "%",
            "%2",
            "%zz",
            "%00",
            "%2e%2e",
            "%ff%fe",
            "*",
            ":vm",
            "{vm}",
            "\u00e4",
            "a b",
            "a\tb");
    private static final List<String> QUERIES = List.of(
            "follow=true",
            "follow=maybe",
            "after=-1",
            "after=99999999999999999999",
            "limit=0",
            "limit=x",
            "last=-5",
            "last=9999999999",
            "job=x",
            "cursor=-1",
            "live=1",
            "kind=,,,",
            "subject=%00",
            "from=-1",
            "stream=stdin",
            "force=x",
            "=",
            "&&&",
            "%",
            "a=%zz",
            "partition=nix");
    private static final List<String> VALUES = List.of(
            "null",
            "true",
            "-1",
            "1e999",
            "9223372036854775808",
            "\"\"",
            "\"\\u0000\"",
            "\"/\"",
            "\"/bin/true\"",
            "[]",
            "[[[[]]]]",
            "{}",
            "{\"a\":{}}",
            "[null]",
            "[1,\"a\"]",
            "\"\ud800\"",
            "NaN",
            "'x'",
            "\"--x\"");
    private static final List<String> FIELDS = List.of(
            "layout",
            "file",
            "folder",
            "force",
            "partition",
            "libraries",
            "script",
            "program",
            "arguments",
            "directory",
            "environment",
            "search_path",
            "options",
            "test_only",
            "signal",
            "vm",
            "seconds",
            "nonsense");
    private static final List<String> HARMLESS = List.of(
            "If-Match: x",
            "If-Match: \"a\", *",
            "Idempotency-Key: ",
            "Idempotency-Key: a",
            "Content-Type: text/plain",
            "Content-Type: application/x-www-form-urlencoded",
            "Accept-Encoding: gzip",
            "X: " + "y".repeat(9_000));
    private static final List<String> HEADERS = List.of(
            "Upgrade: websocket\r\nConnection: Upgrade",
            "Upgrade: hvm-run/1\r\nConnection: Upgrade",
            "Upgrade: h2c",
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 99",
            "Content-Type: multipart/form-data; boundary=x",
            "Transfer-Encoding: chunked",
            "Content-Length: -1",
            "Content-Length: 99999999999999999999",
            "Expect: 100-continue",
            "Bad Header",
            ": empty",
            "A\u0000: b");
    private static final int LONG = 10_000; // milliseconds
    private static final int SHORT = 50;

    @TempDir
    private Path folder;

    private HvmTester hvm;
    private Path socket;
    private final Random random = new Random(SEED);

    @BeforeEach
    void setUp() throws Exception {
        var machine = new FakeMachine("demo", 2, folder.toRealPath()).install("/bin/true", process -> 0);
        var vms = new FakeVmControl(machine, Files.writeString(folder.resolve("c"), "console\n")).launched();
        hvm = new HvmTester(vms, folder, LIMITS);
        socket = hvm.home.socket();
    }

    @AfterEach
    void tearDown() throws IOException {
        hvm.close();
    }

    @Test
    void shouldAnswerEveryRequestWithoutAFailureOfItsOwn() throws Exception {
        var statuses = new TreeMap<Integer, Integer>();
        long before = usedMemory();
        for (int i = 0; i < REQUESTS; i++) {
            boolean whole = random.nextInt(10) > 0;
            String request = request(whole);
            int status = send(request.getBytes(StandardCharsets.UTF_8), request, whole ? LONG : SHORT);
            statuses.merge(status, 1, Integer::sum);
        }
        assertStillServes();
        long grown = usedMemory() - before;
        System.out.println("fuzz seed=" + SEED + " requests=" + REQUESTS + " requests_grown_kib="
                + Math.max(0, grown >> 10) + " statuses=" + statuses);
        assertThat(grown).isLessThan(64L << 20);
        assertThat(statuses).containsKeys(200, 400, 404, 405);
    }

    @Test
    void shouldOutliveBytesThatAreNoHttp() throws Exception {
        for (int i = 0; i < REQUESTS / 8; i++) {
            byte[] bytes = new byte[random.nextInt(3_000)];
            random.nextBytes(bytes);
            send(bytes, "seed " + SEED + " bytes " + i, SHORT);
        }
        assertStillServes();
    }

    @Test
    void shouldOutliveFramesThatMakeNoSense() throws Exception {
        hvm.run("submit", "-o", "out", "--", "/bin/true");
        List<String> paths = List.of("/v1/events", "/v1/vms/demo/console", "/v1/jobs/1/attach");
        for (int i = 0; i < REQUESTS / 16; i++) {
            try (var client = new RawClient(socket)) {
                client.webSocket(paths.get(random.nextInt(paths.size())));
                for (int frame = random.nextInt(4); frame >= 0; frame--) {
                    byte[] payload = new byte[random.nextInt(random.nextInt(10) == 0 ? 9_000 : 200)];
                    random.nextBytes(payload);
                    if (random.nextBoolean()) {
                        client.frame(random.nextInt(16), payload);
                    } else {
                        client.write(payload);
                    }
                }
            } catch (IOException e) {
                // hvmd has cut it
            }
        }
        assertStillServes();
    }

    /** @param whole its headers promise no more than there is */
    private String request(boolean whole) {
        String method = pick(METHODS);
        var path = new StringBuilder(random.nextInt(20) == 0 ? "" : "/v1");
        IntStream.range(0, random.nextInt(6)).forEach(i -> path.append('/').append(pick(WORDS)));
        if (random.nextInt(3) == 0) {
            path.append('?').append(many(QUERIES, 4, "&"));
        }
        if (random.nextInt(50) == 0) {
            path.append("x".repeat(5_000));
        }
        String body = random.nextInt(3) == 0 ? "" : body();
        var headers = new StringBuilder("Connection: close\r\n");
        if (whole || random.nextBoolean()) {
            headers.append("Content-Length: ")
                    .append(body.getBytes(StandardCharsets.UTF_8).length)
                    .append("\r\n");
        }
        if (random.nextInt(3) == 0) {
            headers.append(many(whole ? HARMLESS : HEADERS, 3, "\r\n")).append("\r\n");
        }
        return method + " " + path + " HTTP/1.1\r\nHost: hvmd\r\n" + headers + "\r\n" + body;
    }

    private String body() {
        return switch (random.nextInt(6)) {
            case 0 -> many(VALUES, 3, "");
            case 1 -> "{\"layout\":\"" + "[".repeat(random.nextInt(200)) + "\",\"folder\":\"/\"}";
            case 2 -> "x".repeat(random.nextInt(20) == 0 ? 70_000 : 100);
            case 3 -> "{\"a\":".repeat(100);
            default ->
                IntStream.rangeClosed(0, random.nextInt(5))
                        .mapToObj(i -> "\"" + pick(FIELDS) + "\":" + pick(VALUES))
                        .collect(Collectors.joining(",", "{", random.nextInt(10) == 0 ? "" : "}"));
        };
    }

    private <T> T pick(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    private String many(List<String> choices, int most, String between) {
        return IntStream.rangeClosed(0, random.nextInt(most))
                .mapToObj(i -> pick(choices))
                .collect(Collectors.joining(between));
    }

    /** @return the status, or 0 if hvmd wants more than was sent or has closed the connection */
    private int send(byte[] bytes, String shown, int patience) {
        try (var client = new RawClient(socket)) {
            client.write(bytes);
            byte[] answer = client.received(patience);
            String text = new String(answer, StandardCharsets.UTF_8);
            if (!text.startsWith("HTTP/1.")) {
                assertThat(answer).as(shown).isEmpty();
                return 0;
            }
            int status = Integer.parseInt(text.substring(9, 12));
            assertThat(status).as(shown + "\n---\n" + text).isNotEqualTo(500);
            if (status >= 400 && !shown.startsWith("HEAD") && text.contains("\r\n\r\n{")) {
                JsonObject problem = JsonObject.parse(text.substring(text.indexOf("\r\n\r\n") + 4));
                assertThat(problem.number("status")).as(shown).isEqualTo(status);
                assertThat(problem.text("code")).as(shown).isNotEqualTo("internal");
            }
            return status;
        } catch (IOException e) {
            return 0;
        }
    }

    private void assertStillServes() throws IOException {
        RawClient.Answer answer = RawClient.get(socket, "/v1/version");
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.json().text("api")).isEqualTo("v1");
    }

    private static long usedMemory() {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }
}
