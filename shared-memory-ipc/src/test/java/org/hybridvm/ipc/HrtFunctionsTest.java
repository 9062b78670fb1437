// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.ipc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.hybridvm.ipc.HrtCallException.Reason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HrtFunctionsTest {
    private static final List<String> NAMES = List.of("first", "second");

    @TempDir
    private Path folder;

    @Test
    void shouldHandWordsToTheFunctionOfThatName() throws IOException {
        try (StandInServer _ = begin(StandInServer::sum);
                HrtFunctions functions = open()) {
            assertThat(functions.call("first", 1, 2L, (short) 3, (byte) 4)).isEqualTo(10);
            assertThat(functions.call("second", 5)).isEqualTo(6);
            assertThat(functions.call("first", 0.5)).isEqualTo(Double.doubleToRawLongBits(0.5));
            assertThat(functions.callWords(functions.find("first"), 1, 2, 3, 4, 5, 6))
                    .isEqualTo(21);
            assertThat(functions.functions()).extracting(HrtFunction::name).isEqualTo(NAMES);
        }
    }

    @Test
    void shouldPutBytesIntoTheHeapAndPassTheirAddressAndLength() throws IOException {
        byte[] text = "what the function reads".getBytes(StandardCharsets.US_ASCII);
        try (StandInServer _ = begin((self, channel, head, words) -> {
                    byte[] seen = self.window.asSlice(words[0], words[1]).toArray(ValueLayout.JAVA_BYTE);
                    long pointers =
                            head >> WindowDescriptor.WINDOW_POINTERS_SHIFT & WindowDescriptor.WINDOW_POINTERS_MASK;
                    boolean same = new String(seen, StandardCharsets.US_ASCII)
                                    .equals(new String(text, StandardCharsets.US_ASCII))
                            && pointers == 1;
                    self.answer(channel, head, WindowDescriptor.WINDOW_OK, same ? words[2] : -1);
                });
                HrtFunctions functions = open()) {
            for (int i = 0; i < 100_000; i++) { // more than the heap holds, if any stayed
                assertThat(functions.call("first", text, i)).isEqualTo(i);
            }
        }
    }

    @Test
    void shouldGiveResultsBackInABuffer() throws IOException {
        try (StandInServer _ = begin((self, channel, head, words) -> {
                    self.window.set(ValueLayout.JAVA_LONG, words[0] + 8, 77);
                    self.answer(channel, head, WindowDescriptor.WINDOW_OK, words[1]);
                });
                HrtFunctions functions = open();
                HrtBuffer buffer = functions.allocate(24)) {
            assertThat(functions.call("first", buffer)).isEqualTo(24);
            assertThat(buffer.memory().get(ValueLayout.JAVA_LONG, 8)).isEqualTo(77);
            assertThat(buffer.memory().address() % AbiDescriptor.CACHE_LINE).isZero();
        }
    }

    @Test
    void shouldSayWhichFunctionsThereAreWhenThereIsNoneOfThatName() throws IOException {
        try (StandInServer _ = begin(StandInServer::sum);
                HrtFunctions functions = open()) {
            assertFails(
                    Reason.NO_FUNCTION,
                    "No such function: third; allowed: first, second",
                    () -> functions.call("third"));
        }
    }

    @Test
    void shouldRefuseArgumentsThatCannotBePassed() throws IOException {
        try (StandInServer _ = begin(StandInServer::sum);
                HrtFunctions functions = open();
                HrtFunctions other = open();
                HrtBuffer foreign = other.allocate(8)) {
            assertFails(Reason.BAD_ARGUMENT, "java.lang.String", () -> functions.call("first", 1, "text"));
            assertFails(Reason.BAD_ARGUMENT, "null", () -> functions.call("first", (Object) null));
            assertFails(Reason.BAD_ARGUMENT, "6 words", () -> functions.call("first", 1, 2, 3, 4, 5, 6, 7));
            assertFails(Reason.BAD_ARGUMENT, "6 words", () -> functions.call("first", 1, 2, 3, 4, 5, new byte[1]));
            assertFails(Reason.BAD_ARGUMENT, "of another client", () -> functions.call("first", foreign));
            assertFails(Reason.HEAP_FULL, "layout's field window", () -> functions.call("first", new byte[1 << 20]));
            assertThat(functions.call("first", 1)).isEqualTo(1);
        }
    }

    @Test
    void shouldTellCauseAddressAndPlaceOfAFault() throws IOException {
        try (StandInServer _ = begin((self, channel, head, words) -> {
                    long told = channel + ChannelDescriptor.FAILURE_OFFSET;
                    self.window.set(ValueLayout.JAVA_INT, told + WindowFailureDescriptor.VECTOR_OFFSET, 14);
                    self.window.set(ValueLayout.JAVA_INT, told + WindowFailureDescriptor.SIGNAL_OFFSET, 11);
                    self.window.set(ValueLayout.JAVA_LONG, told + WindowFailureDescriptor.INSTRUCTION_OFFSET, 0x401000);
                    self.window.set(ValueLayout.JAVA_LONG, told + WindowFailureDescriptor.ADDRESS_OFFSET, 0x10);
                    self.window.setString(
                            told + WindowFailureDescriptor.WHERE_OFFSET,
                            "f+0x4 (lib.so)\u001b[31m",
                            StandardCharsets.US_ASCII);
                    self.answer(channel, head, WindowDescriptor.WINDOW_FAULT, 0);
                });
                HrtFunctions functions = open()) {
            HrtCallException failure = assertFails(
                    Reason.FAULT,
                    "Function first failed: exception 14 (signal 11) at 0x401000, address 0x10, in f+0x4 (lib.so)?[31m",
                    () -> functions.call("first"));
            assertThat(failure.fault().orElseThrow().address()).isEqualTo(0x10);
        }
    }

    @Test
    void shouldTellEachOtherEndOfACall() throws IOException {
        try (StandInServer _ = begin((self, channel, head, words) -> self.answer(channel, head, words[0], 2));
                HrtFunctions functions = open()) {
            assertFails(Reason.NO_FUNCTION, "function 0", () -> functions.call("first", 1));
            assertFails(Reason.BAD_ARGUMENT, "argument 2", () -> functions.call("first", 2));
            assertFails(Reason.TIME_LIMIT, "time limit", () -> functions.call("first", 4));
            assertFails(Reason.STOPPED, "lost its HRT core", () -> functions.call("first", 5));
            assertFails(Reason.CORRUPT, "status of a call is 6", () -> functions.call("first", 6));
            assertFails(Reason.CORRUPT, "status of a call is 65535", () -> functions.call("first", 0xffff));
        }
    }

    @Test
    void shouldSayThatNobodyServes() throws IOException {
        try (StandInServer server = begin(StandInServer::sum)) {
            server.state(WindowDescriptor.WINDOW_ENDING);
            assertFails(Reason.NO_SERVER, "Nobody serves the window", this::open);
        }
    }

    @Test
    void shouldSayThatTheServerEndedWithoutTheCall() throws IOException {
        try (StandInServer _ = begin((self, channel, head, words) -> self.state(WindowDescriptor.WINDOW_NONE));
                HrtFunctions functions = open()) {
            assertFails(Reason.NOT_BEGUN, "did not call first", () -> functions.call("first"));
            assertFails(Reason.NOT_BEGUN, "open the window again", () -> functions.call("first"));
        }
    }

    @Test
    void shouldNoticeAnotherServer() throws IOException {
        try (StandInServer _ = begin((self, channel, head, words) -> self.publish(NAMES));
                HrtFunctions functions = open()) {
            assertFails(Reason.RESTARTED, "generation 2, was 1", () -> functions.call("first"));
            assertFails(Reason.RESTARTED, "begun anew", () -> functions.call("first"));
        }
    }

    @Test
    void shouldGiveUpAServerThatGivesNoSignOfLife() throws IOException {
        try (StandInServer _ = begin((self, channel, head, words) -> self.fallSilent());
                HrtFunctions functions = open()) {
            assertFails(Reason.SILENT, "does not answer", () -> functions.call("first"));
        }
    }

    @Test
    void shouldNotWaitForEverForAServerThatOnlyBeats() throws IOException {
        try (StandInServer _ = begin((self, channel, head, words) -> {});
                HrtFunctions functions = open()) {
            functions.timeLimit(Duration.ofMillis(1));
            assertFails(Reason.SILENT, "does not answer", () -> functions.call("first"));
        }
    }

    @Test
    void shouldKeepTheChannelOfACallThatWasInterruptedUntilItsEnd() throws Exception {
        var began = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        try (StandInServer _ = begin((self, channel, head, words) -> {
                    began.countDown();
                    await(goOn);
                    StandInServer.sum(self, channel, head, words);
                });
                HrtFunctions functions = open()) {
            Thread caller = Thread.currentThread();
            Thread.ofVirtual().start(() -> {
                await(began);
                caller.interrupt();
            });
            assertFails(Reason.INTERRUPTED, "goes on", () -> functions.call("first", new byte[8]));
            assertThat(Thread.interrupted()).isTrue();
            assertFails(Reason.INTERRUPTED, "still runs", () -> functions.call("first", 1));
            goOn.countDown();
            callUntilFree(functions);
            assertThat(functions.call("second", 1)).isEqualTo(2);
        }
    }

    @Test
    void shouldGiveEachClientAChannelUntilThereIsNone() throws IOException {
        var clients = new ArrayList<HrtFunctions>();
        try (StandInServer _ = begin(StandInServer::sum)) {
            for (int i = 0; i < StandInServer.CHANNELS; i++) {
                clients.add(open());
                assertThat(clients.getLast().call("first", i)).isEqualTo(i);
            }
            assertFails(Reason.NO_CHANNEL, "All 4 channels", this::open);
            clients.removeFirst().close();
            clients.add(open());
            assertThat(clients.getLast().call("first", 9)).isEqualTo(9);
            clients.forEach(HrtFunctions::close);
        }
    }

    @Test
    void shouldRefuseAFileThatIsNoWindow() throws IOException {
        assertFails(Reason.NO_WINDOW, "cannot be opened", this::open);
        Files.write(folder.resolve("window"), new byte[4096]);
        assertFails(Reason.NO_WINDOW, "has 4096 bytes", this::open);
    }

    @Test
    void shouldRefuseToBeUsedAfterItsEnd() throws IOException {
        try (StandInServer _ = begin(StandInServer::sum)) {
            HrtFunctions functions = open();
            functions.close();
            functions.close();
            assertFails(Reason.CLOSED, "was closed", () -> functions.call("first"));
        }
    }

    @Test
    void shouldServeSeveralThreadsOfOneClientInTurn() throws Exception {
        try (StandInServer _ = begin(StandInServer::sum);
                HrtFunctions functions = open()) {
            var threads = new ArrayList<Thread>();
            var failures = java.util.concurrent.ConcurrentHashMap.<Throwable>newKeySet();
            for (int t = 0; t < 4; t++) {
                int base = t * 1000;
                threads.add(Thread.ofPlatform()
                        .uncaughtExceptionHandler((thread, e) -> failures.add(e))
                        .start(() -> {
                            for (int i = 0; i < 500; i++) {
                                assertThat(functions.call("first", base, i)).isEqualTo(base + i);
                            }
                        }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(failures).isEmpty();
        }
    }

    private static void callUntilFree(HrtFunctions functions) {
        while (true) {
            try {
                functions.call("first", 1);
                return;
            } catch (HrtCallException e) {
                assertThat(e.reason()).isEqualTo(Reason.INTERRUPTED);
                Thread.yield();
            }
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private StandInServer begin(StandInServer.Function function) throws IOException {
        return StandInServer.begin(folder.resolve("window"), NAMES, function);
    }

    private HrtFunctions open() {
        return HrtFunctions.open(folder.resolve("window"));
    }

    private static HrtCallException assertFails(
            Reason reason, String words, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        HrtCallException failure = catchThrowableOfType(HrtCallException.class, call);
        assertThat(failure).isNotNull().hasMessageContaining(words);
        assertThat(failure.reason()).isEqualTo(reason);
        return failure;
    }

    @Test
    void shouldRefuseNegativeTimesAndSizes() throws IOException {
        try (StandInServer _ = begin(StandInServer::sum);
                HrtFunctions functions = open()) {
            assertThatThrownBy(() -> functions.timeLimit(Duration.ofMillis(-1)))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> functions.allocate(-1)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
