// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.trace;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.hybridvm.Json;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends spans to a collector by OTLP over HTTP, in JSON. From a thread of its own: whoever hands over a span waits for
 * nothing. What a collector that is away or slow leaves waiting is bounded; what is more is dropped and counted.
 */
final class OtlpExporter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(OtlpExporter.class);
    private static final int MOST_WAITING = 4096;
    private static final int MOST_AT_ONCE = 512;
    private static final long GATHER_MILLIS = 200;
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final URI collector;
    private final Map<String, String> headers;
    private final String service;
    private final HttpClient client;
    private final BlockingQueue<Span> waiting = new LinkedBlockingQueue<>(MOST_WAITING);
    private final Thread sender;
    private long dropped; // of the sender, and of those who offer in vain: guarded by this

    /** @param collector with its path */
    OtlpExporter(URI collector, Map<String, String> headers, String service) {
        this.collector = collector;
        this.headers = headers;
        this.service = service;
        this.client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(LIMIT)
                .build();
        this.sender = Thread.ofPlatform().daemon().name("traces").start(this::sendAll);
    }

    void export(List<Span> spans) {
        for (Span span : spans) {
            if (!waiting.offer(span)) {
                drop(1);
            }
        }
    }

    /** Sends what waits, if the collector takes it, then ends. */
    @Override
    public void close() {
        sender.interrupt();
        try {
            sender.join(LIMIT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        client.shutdownNow();
    }

    private void sendAll() {
        boolean going = true;
        while (going || !waiting.isEmpty()) {
            var spans = new ArrayList<Span>();
            try {
                Span first = going ? waiting.take() : waiting.poll();
                if (first == null) {
                    return;
                }
                spans.add(first);
                if (going) {
                    TimeUnit.MILLISECONDS.sleep(GATHER_MILLIS); // a job's spans come together
                }
            } catch (InterruptedException e) {
                going = false; // closed
            }
            waiting.drainTo(spans, MOST_AT_ONCE);
            if (!spans.isEmpty()) {
                send(spans);
            }
        }
    }

    private void send(List<Span> spans) {
        HttpRequest.Builder request = HttpRequest.newBuilder(collector)
                .timeout(LIMIT)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(Json.write(message(spans))));
        headers.forEach(request::header);
        try {
            HttpResponse<Void> answer = client.send(request.build(), HttpResponse.BodyHandlers.discarding());
            if (answer.statusCode() >= 300) {
                throw new IOException("status " + answer.statusCode());
            }
        } catch (IOException e) {
            drop(spans.size());
            LOG.warn("spans are lost count={} collector={} reason={}", spans.size(), collector, e.toString());
        } catch (InterruptedException e) {
            drop(spans.size());
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void drop(int count) {
        dropped += count;
    }

    /** Spans that no collector got. */
    synchronized long dropped() {
        return dropped;
    }

    private Map<String, Object> message(List<Span> spans) {
        return Map.of(
                "resourceSpans",
                List.of(Map.of(
                        "resource",
                        Map.of("attributes", Span.attributes(Map.of("service.name", service))),
                        "scopeSpans",
                        List.of(Map.of(
                                "scope",
                                Map.of("name", "org.hybridvm"),
                                "spans",
                                spans.stream().map(Span::toJson).toList())))));
    }
}
