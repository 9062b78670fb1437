// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArraySet;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies a guest's serial console from QEMU's socket to a file that never grows beyond its limit: at the limit the older
 * half is dropped. What a guest prints while no hvmd runs is lost, and can fill no disk.
 */
final class ConsoleLog implements Console, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ConsoleLog.class);
    private static final int BUFFER = 16 * 1024;
    private static final int LONGEST_LINE = 1024;

    private final Path file;
    private final SocketChannel socket;
    private final Consumer<String> lines;
    private final StringBuilder line = new StringBuilder();
    private volatile long limit;
    private final Set<Consumer<byte[]>> hearers = new CopyOnWriteArraySet<>();

    private ConsoleLog(Path file, long limit, SocketChannel socket, Consumer<String> lines) {
        this.file = file;
        this.limit = limit;
        this.socket = socket;
        this.lines = lines;
    }

    /** Connects at once and copies on a thread of its own until QEMU ends or this is closed. */
    static ConsoleLog follow(Path source, Path file, long limit) throws IOException {
        return follow(source, file, limit, line -> {});
    }

    /** @param lines hears each line, of which {@value #LONGEST_LINE} characters at most, from the copying thread */
    static ConsoleLog follow(Path source, Path file, long limit, Consumer<String> lines) throws IOException {
        SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            socket.connect(UnixDomainSocketAddress.of(source));
        } catch (IOException e) {
            socket.close();
            throw e;
        }
        var log = new ConsoleLog(file, limit, socket, lines);
        Thread.ofVirtual().name("console " + file).start(log::copy);
        return log;
    }

    /** How much is kept from now on, bytes. */
    void limit(long bytes) {
        limit = bytes;
    }

    /** The last lines that the console printed, without control characters. */
    static List<String> lastLines(Path file, int count) {
        try {
            String text = Files.readString(file, StandardCharsets.ISO_8859_1);
            List<String> lines = text.lines()
                    .map(line ->
                            line.replaceAll("\u001b\\[[0-9;?]*[a-zA-Z]", "").replaceAll("[^\\x20-\\x7e]", ""))
                    .filter(line -> !line.isBlank())
                    .toList();
            return lines.subList(Math.max(0, lines.size() - count), lines.size());
        } catch (IOException e) {
            return List.of();
        }
    }

    private void copy() {
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
        try (FileChannel out =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            out.position(out.size());
            while (socket.read(buffer) >= 0) {
                buffer.flip();
                split(buffer.duplicate());
                tell(buffer.duplicate());
                if (out.position() + buffer.remaining() > limit) {
                    dropOlderHalf(out);
                }
                while (buffer.hasRemaining()) {
                    out.write(buffer);
                }
                buffer.clear();
            }
        } catch (IOException e) {
            if (socket.isOpen()) {
                LOG.warn("console is no longer kept file={}: {}", file, e.getMessage());
            }
        }
    }

    private void tell(ByteBuffer bytes) {
        if (!hearers.isEmpty()) {
            byte[] printed = new byte[bytes.remaining()];
            bytes.get(printed);
            hearers.forEach(hearer -> hearer.accept(printed));
        }
    }

    @Override
    public void type(byte[] bytes) throws IOException {
        ByteBuffer typed = ByteBuffer.wrap(bytes);
        while (typed.hasRemaining()) {
            socket.write(typed);
        }
    }

    @Override
    public void watch(Consumer<byte[]> hearer) {
        hearers.add(hearer);
    }

    @Override
    public void unwatch(Consumer<byte[]> hearer) {
        hearers.remove(hearer);
    }

    private void split(ByteBuffer bytes) {
        while (bytes.hasRemaining()) {
            char c = (char) (bytes.get() & 0xff);
            if (c == '\n') {
                lines.accept(line.toString());
                line.setLength(0);
            } else if (line.length() < LONGEST_LINE) {
                line.append(c);
            }
        }
    }

    private void dropOlderHalf(FileChannel out) throws IOException {
        ByteBuffer kept = ByteBuffer.allocate((int) Math.min(limit / 2, out.size()));
        out.read(kept, out.size() - kept.capacity());
        kept.flip();
        out.truncate(0);
        out.position(0);
        while (kept.hasRemaining()) {
            out.write(kept);
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("closing a console", e);
        }
    }
}
