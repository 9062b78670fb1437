// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class ConsoleLogTest {
    private static final int LIMIT = 4096;

    @TempDir
    private Path folder;

    private Path socket;
    private Path file;
    private ServerSocketChannel qemu;

    @BeforeEach
    void listenAsQemuDoes() throws IOException {
        socket = folder.resolve("console.sock");
        file = folder.resolve("console.log");
        qemu = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        qemu.bind(UnixDomainSocketAddress.of(socket));
    }

    @AfterEach
    void endQemu() throws IOException {
        qemu.close();
    }

    @Test
    void shouldCopyWhatTheGuestPrints() throws IOException {
        try (ConsoleLog _ = follow();
                SocketChannel guest = qemu.accept()) {
            print(guest, "Linux version 6.12\r\n");
            awaitContent("Linux version 6.12\r\n");
            print(guest, "\0\377\033[1m");
            awaitContent("Linux version 6.12\r\n\0\377\033[1m");
        }
    }

    @Test
    void shouldGoOnInTheLogOfAFormerHvmd() throws IOException {
        Files.writeString(file, "before\n");
        try (ConsoleLog _ = follow();
                SocketChannel guest = qemu.accept()) {
            print(guest, "after\n");
            awaitContent("before\nafter\n");
        }
    }

    @Test
    void shouldDropTheOlderHalfAtTheLimit() throws IOException {
        try (ConsoleLog _ = follow();
                SocketChannel guest = qemu.accept()) {
            String all = "";
            for (String part : new String[] {"a", "b", "c", "d"}) {
                print(guest, part.repeat(LIMIT / 4));
                all += part.repeat(LIMIT / 4);
                awaitContent(all);
            }
            print(guest, "e");
            awaitContent("c".repeat(LIMIT / 4) + "d".repeat(LIMIT / 4) + "e");
        }
    }

    @Test
    void shouldNeverGrowBeyondItsLimit() throws IOException {
        try (ConsoleLog _ = follow();
                SocketChannel guest = qemu.accept()) {
            String kept = "";
            for (int line = 0; line < 1000; line++) {
                String text = "line %d\n".formatted(line);
                print(guest, text);
                kept = kept.length() + text.length() > LIMIT ? kept.substring(kept.length() - LIMIT / 2) : kept;
                kept += text;
                awaitContent(kept);
                assertThat(kept.length()).isLessThanOrEqualTo(LIMIT);
            }
        }
    }

    @Test
    void shouldCutTheLogOfAFormerHvmdThatKeptMore() throws IOException {
        Files.writeString(file, "a".repeat(3 * LIMIT) + "b".repeat(100));
        try (ConsoleLog _ = follow();
                SocketChannel guest = qemu.accept()) {
            print(guest, "c");
            awaitContent("a".repeat(LIMIT / 2 - 100) + "b".repeat(100) + "c");
        }
    }

    @Test
    void shouldHangUpWhenItIsClosed() throws IOException {
        ConsoleLog log = follow();
        try (SocketChannel guest = qemu.accept()) {
            log.close();
            log.close();
            assertThat(guest.read(ByteBuffer.allocate(1))).isEqualTo(-1);
        }
    }

    @Test
    void shouldRefuseAConsoleThatNobodyListensOn() throws IOException {
        qemu.close();
        assertThatThrownBy(this::follow).isInstanceOf(IOException.class).hasMessage("Connection refused");
        Files.delete(socket);
        assertThatThrownBy(this::follow).isInstanceOf(IOException.class).hasMessage("No such file or directory");
        assertThat(file).doesNotExist();
    }

    @Test
    void shouldGiveTheLastLinesWithoutControlCharacters() throws IOException {
        Files.writeString(
                file,
                "first\r\n\033[1;31mred\033[0m alert\r\n\r\n \t\r\n\033[2J\033[?25hpanic:\007 \177end\377\r\nlast",
                StandardCharsets.ISO_8859_1);
        assertThat(ConsoleLog.lastLines(file, 10)).containsExactly("first", "red alert", "panic: end", "last");
        assertThat(ConsoleLog.lastLines(file, 2)).containsExactly("panic: end", "last");
        assertThat(ConsoleLog.lastLines(file, 0)).isEmpty();
    }

    @Test
    void shouldHaveNoLastLinesOfAGuestThatPrintedNothing() throws IOException {
        assertThat(ConsoleLog.lastLines(file, 10)).isEmpty();
        Files.createFile(file);
        assertThat(ConsoleLog.lastLines(file, 10)).isEmpty();
    }

    private ConsoleLog follow() throws IOException {
        return ConsoleLog.follow(socket, file, LIMIT);
    }

    private static void print(SocketChannel guest, String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
        while (bytes.hasRemaining()) {
            guest.write(bytes);
        }
    }

    /** The copy is made on another thread, which tells nobody. */
    private void awaitContent(String expected) throws IOException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        String content = "";
        while (System.nanoTime() < end) {
            content = Files.exists(file) ? Files.readString(file, StandardCharsets.ISO_8859_1) : "";
            if (content.equals(expected)) {
                return;
            }
            Thread.onSpinWait();
        }
        fail("after ten seconds the log is <%s> instead of <%s>", content, expected);
    }
}
