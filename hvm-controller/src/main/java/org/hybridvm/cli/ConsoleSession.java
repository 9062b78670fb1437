// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.atomic.AtomicBoolean;
import org.hybridvm.JsonObject;
import org.hybridvm.Problem;

/** A terminal on a VM's serial console, until ctrl-], the end of the input, or the VM's. */
final class ConsoleSession {
    /** Ctrl-], as telnet and virsh have it. */
    static final int LEAVE = 0x1d;

    private static final int MOST_AT_ONCE = 4096;

    private final WebSocketChannel socket;
    private final InputStream in;
    private final OutputStream out;
    private final AtomicBoolean left = new AtomicBoolean();

    ConsoleSession(WebSocketChannel socket, InputStream in, OutputStream out) {
        this.socket = socket;
        this.in = in;
        this.out = out;
    }

    /** @throws org.hybridvm.HvmException if hvmd cut it */
    void run() throws IOException {
        Thread.ofPlatform().daemon().name("keyboard").start(this::type);
        try {
            for (WebSocketChannel.Message message = socket.read(); message != null; message = socket.read()) {
                if (message.type() == WebSocketChannel.TEXT) {
                    throw Problem.fromJson(JsonObject.parse(message.text()).object("problem"));
                }
                out.write(message.bytes());
                out.flush();
            }
        } catch (IOException e) {
            if (!left.get()) {
                throw e;
            }
        }
    }

    private void type() {
        byte[] typed = new byte[MOST_AT_ONCE];
        try {
            for (int count = in.read(typed); count >= 0; count = in.read(typed)) {
                int end = indexOfLeave(typed, count);
                if (end > 0) {
                    socket.write(WebSocketChannel.BINARY, typed, end);
                }
                if (end < count) {
                    break;
                }
            }
        } catch (IOException e) {
            // hvmd has gone, which the reader notices too
        }
        left.set(true);
        try {
            socket.close();
        } catch (IOException e) {
            // it is given up anyway
        }
    }

    private static int indexOfLeave(byte[] typed, int count) {
        for (int i = 0; i < count; i++) {
            if (typed[i] == LEAVE) {
                return i;
            }
        }
        return count;
    }
}
