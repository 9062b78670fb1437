// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.function.Function;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.hybridvm.Problem;

/** hvmd's REST interface as calls. Every refusal of hvmd is thrown as the {@link HvmException} that it was there. */
final class Client {
    private static final String PREFIX = "/v1";
    private static final int TRIES = 6;
    private static final long PAUSE_MILLIS = 100; // then twice as long each time

    /** A look at something takes seconds at most, also at a host that has too much to do. */
    private static final Duration LOOK_LIMIT = Duration.ofSeconds(60);

    /** Some changes wait for a guest, or measure for minutes. Streams have no limit. */
    private static final Duration CHANGE_LIMIT = Duration.ofMinutes(15);

    private final Endpoint endpoint;
    private final Duration lookLimit;

    Client(Endpoint endpoint) {
        this(endpoint, LOOK_LIMIT);
    }

    /** @param lookLimit how long hvmd may take to answer a GET */
    Client(Endpoint endpoint, Duration lookLimit) {
        this.endpoint = endpoint;
        this.lookLimit = lookLimit;
    }

    /** One part of a path, with everything escaped that is not plain. */
    static String segment(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    JsonObject get(String path) {
        return JsonObject.parse(text("GET", path, null));
    }

    /** As {@link #get}, but bad health is an answer, too. */
    JsonObject getHealth(String path) {
        try (HttpConnection connection = endpoint.connect()) {
            connection.limit(lookLimit);
            connection.send("GET", PREFIX + path, null, null);
            HttpConnection.Head head = connection.readHead();
            return JsonObject.parse(new String(connection.body(head).readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw lost(e);
        }
    }

    String getText(String path) {
        return text("GET", path, null);
    }

    /** @param body a value that {@link Json} can write, or null */
    JsonObject post(String path, Object body) {
        return JsonObject.parse(text("POST", path, body));
    }

    /**
     * Has something made, once: if the connection breaks, it is asked for again under the same key (Idempotency-Key), and
     * hvmd answers what it has made already.
     */
    JsonObject postOnce(String path, Object body) {
        return once(key -> JsonObject.parse(text("POST", path, body, key)));
    }

    /**
     * The same, handing on the answer's lines as they come. What was told before the connection broke is told once, if the
     * same hvmd answers; another one tells how it goes on.
     */
    void linesOnce(String path, Object body, Consumer<String> consumer) {
        var told = new ArrayList<String>();
        once(key -> {
            var again = new ArrayDeque<>(told);
            exchange(
                    "POST",
                    path,
                    body,
                    key,
                    Optional.empty(),
                    stream -> eachLine(stream, line -> {
                        if (!line.equals(again.poll())) {
                            again.clear();
                            told.add(line);
                            consumer.accept(line);
                        }
                    }));
            return null;
        });
    }

    private static <T> T once(Function<Map<String, String>, T> request) {
        var key = Map.of("Idempotency-Key", UUID.randomUUID().toString());
        for (int left = TRIES; ; left--) {
            try {
                return request.apply(key);
            } catch (HvmException e) {
                if (!(e.getCause() instanceof IOException) || left == 1) {
                    throw e;
                }
                pause(left);
            }
        }
    }

    private static void pause(int triesLeft) {
        try {
            Thread.sleep(PAUSE_MILLIS << (TRIES - triesLeft));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    void delete(String path) {
        text("DELETE", path, null);
    }

    /** Asks and hands on the answer's lines as they come. */
    void lines(String method, String path, Object body, Consumer<String> consumer) {
        exchange(method, path, body, stream -> eachLine(stream, consumer));
    }

    private static Void eachLine(InputStream stream, Consumer<String> consumer) throws IOException {
        var reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8));
        String line = reader.readLine();
        while (line != null) {
            consumer.accept(line);
            line = reader.readLine();
        }
        return null;
    }

    /** Asks and hands on the answer's bytes as they come. */
    void bytes(String path, ByteSink sink) {
        exchange("GET", path, null, stream -> {
            byte[] buffer = new byte[8192];
            int read = stream.read(buffer);
            while (read >= 0) {
                sink.accept(buffer, read);
                read = stream.read(buffer);
            }
            return null;
        });
    }

    /** Takes the first {@code length} bytes of {@code buffer}. */
    interface ByteSink {
        void accept(byte[] buffer, int length) throws IOException;
    }

    /**
     * Switches a fresh connection to another protocol; the caller closes it.
     *
     * @throws IOException if hvmd goes away meanwhile
     */
    HttpConnection open(String path, String protocol) throws IOException {
        return open(path, protocol, Map.of());
    }

    /** The same as a WebSocket. */
    WebSocketChannel webSocket(String path) throws IOException {
        byte[] key = new byte[16];
        ThreadLocalRandom.current().nextBytes(key); // tells caches apart, and keeps nothing secret (RFC 6455, 10.3)
        return new WebSocketChannel(open(
                path,
                "websocket",
                Map.of(
                        "Sec-WebSocket-Version",
                        "13",
                        "Sec-WebSocket-Key",
                        Base64.getEncoder().encodeToString(key))));
    }

    private HttpConnection open(String path, String protocol, Map<String, String> headers) throws IOException {
        HttpConnection connection = null;
        try {
            connection = endpoint.connect();
            connection.send("GET", PREFIX + path, null, protocol, headers);
            HttpConnection.Head head = connection.readHead();
            if (head.status() == 101) {
                return connection;
            }
            throw problem(connection.body(head));
        } catch (IOException | RuntimeException e) {
            closeQuietly(connection);
            throw e;
        }
    }

    private String text(String method, String path, Object body) {
        return text(method, path, body, Map.of());
    }

    private String text(String method, String path, Object body, Map<String, String> headers) {
        Optional<Duration> limit = Optional.of(method.equals("GET") ? lookLimit : CHANGE_LIMIT);
        return exchange(
                method,
                path,
                body,
                headers,
                limit,
                stream -> new String(stream.readAllBytes(), StandardCharsets.UTF_8));
    }

    private interface Reader<T> {
        T read(InputStream body) throws IOException;
    }

    private <T> T exchange(String method, String path, Object body, Reader<T> reader) {
        return exchange(method, path, body, Map.of(), Optional.empty(), reader);
    }

    private <T> T exchange(
            String method,
            String path,
            Object body,
            Map<String, String> headers,
            Optional<Duration> limit,
            Reader<T> reader) {
        try (HttpConnection connection = endpoint.connect()) {
            limit.ifPresent(connection::limit);
            return exchange(connection, method, path, body, headers, reader);
        } catch (IOException e) {
            throw lost(e);
        }
    }

    private <T> T exchange(
            HttpConnection connection,
            String method,
            String path,
            Object body,
            Map<String, String> headers,
            Reader<T> reader)
            throws IOException {
        try {
            connection.send(method, PREFIX + path, body == null ? null : Json.write(body), null, headers);
            HttpConnection.Head head = connection.readHead();
            InputStream stream = connection.body(head);
            if (!head.isSuccess()) {
                throw problem(stream);
            }
            return reader.read(stream);
        } catch (IOException e) {
            if (connection.isOverdue()) {
                throw overdue(method + " " + path);
            }
            throw e;
        }
    }

    private static HvmException problem(InputStream body) throws IOException {
        return Problem.fromJson(JsonObject.parse(new String(body.readAllBytes(), StandardCharsets.UTF_8)));
    }

    private static HvmException overdue(String request) {
        return HvmException.of(ErrorCode.INTERNAL, "hvmd does not answer")
                .value(request)
                .owner("hvmd")
                .hint(
                        "hvm daemon status; hvm logs hvmd; if it hangs, kill it: VMs and jobs go on, the next command starts it anew")
                .build();
    }

    static HvmException lost(IOException cause) {
        return HvmException.of(ErrorCode.INTERNAL, "The connection to hvmd was lost")
                .value(cause.getMessage())
                .hint("hvm logs hvmd")
                .cause(cause)
                .build();
    }

    private static void closeQuietly(HttpConnection connection) {
        if (connection == null) {
            return;
        }
        try {
            connection.close();
        } catch (IOException ignored) {
            // it is given up anyway
        }
    }
}
