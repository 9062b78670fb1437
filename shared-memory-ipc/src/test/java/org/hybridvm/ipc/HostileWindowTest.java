// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A guest that writes what it likes, when it likes: a client meets documented exceptions only, and never hangs. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostileWindowTest {
    private static final int OPENINGS = 2_000;
    private static final int CALLS = 50;
    private static final List<String> NAMES = List.of("first", "second");

    @TempDir
    private Path folder;

    @RepeatedTest(3)
    void shouldOnlyThrowWhatIsDocumentedWhenAnyWordOfTheHeaderIsAnything(RepetitionInfo repetition) throws IOException {
        var random = new Random(repetition.getCurrentRepetition());
        Path file = folder.resolve("window");
        try (StandInServer server = StandInServer.begin(file, NAMES, StandInServer::sum)) {
            for (int i = 0; i < OPENINGS; i++) {
                spoil(server.window, random, WindowDescriptor.SIZE, random.nextInt(3));
                spoil(
                        server.window.asSlice(WindowDescriptor.WINDOW_TABLE),
                        random,
                        4 * WindowFunctionDescriptor.SIZE,
                        random.nextInt(3));
                openAndCall(file, server, random);
                server.publish(NAMES);
            }
        }
    }

    @RepeatedTest(3)
    void shouldOnlyThrowWhatIsDocumentedWhenTheChannelChangesDuringCalls(RepetitionInfo repetition) throws IOException {
        var random = new Random(100 + repetition.getCurrentRepetition());
        Path file = folder.resolve("window");
        try (StandInServer server = StandInServer.begin(file, NAMES, (self, channel, head, words) -> {
            spoil(self.window.asSlice(channel), random, ChannelDescriptor.SIZE, random.nextInt(8));
            self.answer(
                    channel, random.nextInt(4) == 0 ? random.nextLong() : head, random.nextInt(8), random.nextLong());
            // What a client waits for must come in the end, or each of these calls would take seconds.
            self.answer(channel, head, random.nextInt(8), random.nextLong());
        })) {
            for (int i = 0; i < OPENINGS / 10; i++) {
                openAndCall(file, server, random);
            }
        }
    }

    private static void openAndCall(Path file, StandInServer server, Random random) {
        try (HrtFunctions functions = HrtFunctions.open(file)) {
            assertThat(functions.functions()).hasSizeLessThanOrEqualTo((int) WindowDescriptor.WINDOW_FUNCTIONS_MAX);
            functions.timeLimit(Duration.ofMillis(100));
            server.state(WindowDescriptor.WINDOW_SERVING);
            for (int i = 0; i < CALLS && !functions.functions().isEmpty(); i++) {
                try (HrtBuffer buffer = functions.allocate(random.nextInt(1000))) {
                    functions.call(functions.functions().getFirst().name(), buffer, new byte[random.nextInt(100)]);
                }
            }
        } catch (HrtCallException documented) {
            assertThat(documented.getMessage()).hasSizeLessThan(4096).matches("\\p{Print}*");
        }
    }

    private static void spoil(MemorySegment memory, Random random, long size, int words) {
        for (int i = 0; i < words; i++) {
            long at = random.nextLong(size / 8) * 8;
            memory.set(ValueLayout.JAVA_LONG, at, random.nextBoolean() ? random.nextLong() : random.nextLong(70));
        }
    }
}
