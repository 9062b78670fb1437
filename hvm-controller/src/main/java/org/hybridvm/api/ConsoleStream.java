// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.ServerWebSocket;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.hybridvm.config.Limits;
import org.hybridvm.vm.Console;

/**
 * A VM's serial console for one client, both ways. What the client types waits in its socket while the guest takes nothing;
 * what the guest prints is not held back for a slow client, who is cut instead: the log has it.
 */
final class ConsoleStream {
    private static final int MOST_WAITING = 1 << 20;

    private final Context context;
    private final ServerWebSocket socket;
    private final WebSocketSink sink;
    private final Console console;
    private final Limits limits;
    private final Consumer<byte[]> hearer = this::printed;
    private final AtomicInteger waiting = new AtomicInteger(); // bytes on their way to the client
    private boolean ended;

    ConsoleStream(Context context, ServerWebSocket socket, HttpConnection connection, Console console, Limits limits) {
        this.context = context;
        this.socket = socket;
        this.sink = new WebSocketSink(socket, connection);
        this.console = console;
        this.limits = limits;
    }

    /** @param left run when it has ended */
    void start(Runnable left) {
        sink.onEnd(() -> {
            ended = true;
            console.unwatch(hearer);
            left.run();
        });
        socket.binaryMessageHandler(bytes -> type(bytes.getBytes()));
        socket.textMessageHandler(text -> type(text.getBytes(StandardCharsets.UTF_8)));
        console.watch(hearer);
    }

    /** From the thread that copies the console. */
    private void printed(byte[] bytes) {
        if (waiting.addAndGet(bytes.length) > MOST_WAITING) {
            console.unwatch(hearer);
            context.runOnContext(ignored -> tooSlow());
            return;
        }
        context.runOnContext(ignored -> {
            if (!ended) {
                socket.writeBinaryMessage(Buffer.buffer(bytes)).onComplete(written -> waiting.addAndGet(-bytes.length));
            }
        });
    }

    /** On a thread of its own, because a guest may take nothing for ever; the next message waits meanwhile. */
    private void type(byte[] bytes) {
        socket.pause();
        Thread.ofVirtual().name("console input").start(() -> {
            try {
                console.type(bytes);
                context.runOnContext(ignored -> socket.resume());
            } catch (IOException e) {
                context.runOnContext(ignored -> sink.end(null)); // QEMU has gone
            }
        });
    }

    private void tooSlow() {
        if (!ended) {
            sink.end(StallGuard.problem(limits));
            context.owner().setTimer(StallGuard.CUT_MS, ignored -> sink.cut());
        }
    }
}
