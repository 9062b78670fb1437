// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * Sends a file that may still grow, as fast as the client takes it. A file that became shorter has been begun anew and is
 * sent from its start.
 */
final class FileStream {
    private static final int CHUNK = 64 * 1024;
    private static final long LOOK_AGAIN_MS = 100;

    private final Vertx vertx;
    private final Blocking blocking;
    private final Path file;
    private final RoutingContext request;
    private final HttpServerResponse response;
    private final boolean follow;
    private long position;

    /** @param follow go on until the client goes away, else end where the file ends now */
    FileStream(Vertx vertx, Blocking blocking, Path file, RoutingContext request, boolean follow) {
        this.vertx = vertx;
        this.blocking = blocking;
        this.file = file;
        this.request = request;
        this.response = request.response();
        this.follow = follow;
    }

    void start() {
        response.setChunked(true).putHeader("Content-Type", "application/octet-stream");
        next();
    }

    private void next() {
        if (response.closed()) {
            return;
        }
        blocking.call(this::read).onSuccess(this::send).onFailure(failure -> Responses.problem(request, failure));
    }

    private void send(Buffer chunk) {
        if (response.closed()) {
            return;
        }
        if (chunk.length() > 0) {
            response.write(chunk).onSuccess(written -> next());
        } else if (follow) {
            vertx.setTimer(LOOK_AGAIN_MS, ignored -> next());
        } else {
            response.end();
        }
    }

    private Buffer read() throws IOException {
        try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
            if (channel.size() < position) {
                position = 0;
            }
            var bytes = ByteBuffer.allocate(CHUNK);
            int read = channel.read(bytes, position);
            position += Math.max(0, read);
            return Buffer.buffer(read <= 0 ? new byte[0] : Arrays.copyOf(bytes.array(), read));
        }
    }
}
