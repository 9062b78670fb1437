// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.store.Database;
import org.hybridvm.store.RequestKey;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class KeyedCallsTest {
    private static final Optional<RequestKey> KEY = Optional.of(new RequestKey(1, "key", "digest"));

    @TempDir
    private Path folder;

    private final AtomicInteger count = new AtomicInteger();
    private Database database;
    private Answers answers;

    @BeforeEach
    void setUp() {
        database = Database.open(folder.resolve("hvm.db"));
        answers = new Answers(database, Clock.systemUTC());
    }

    @AfterEach
    void tearDown() {
        database.close();
    }

    @Test
    void shouldAnswerTheNextHvmdsCallerAsTheFirst() throws Exception {
        assertThat(new KeyedCalls(answers).once(KEY, this::counted)).isEqualTo(Map.of("count", 1));
        assertThat(new KeyedCalls(answers).once(KEY, this::counted)).isEqualTo(Map.of("count", 1L));
        assertThat(new KeyedCalls(answers).once(Optional.empty(), this::counted))
                .isEqualTo(Map.of("count", 2));
    }

    @Test
    void shouldRefuseWhatTheHvmdBeforeMayHaveDone() {
        answers.begin(KEY.orElseThrow());
        assertThatThrownBy(() -> new KeyedCalls(answers).once(KEY, this::counted))
                .isInstanceOfSatisfying(
                        HvmException.class,
                        refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.OUTCOME_UNKNOWN));
        assertThat(count).hasValue(0);
    }

    @Test
    void shouldNotKeepARefusal() throws Exception {
        var calls = new KeyedCalls(answers);
        assertThatThrownBy(() -> calls.once(KEY, () -> {
                    throw HvmException.of(ErrorCode.WRONG_STATE, "not now").build();
                }))
                .hasMessageContaining("not now");
        assertThat(calls.once(KEY, this::counted)).isEqualTo(Map.of("count", 1));
    }

    @Test
    void shouldDoOnceWhatIsAskedForTwiceAtATime() throws Exception {
        var calls = new KeyedCalls(answers);
        var begun = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        CompletableFuture<Map<String, Object>> first = CompletableFuture.supplyAsync(() -> quietly(calls, () -> {
            begun.countDown();
            goOn.await();
            return counted();
        }));
        begun.await();
        CompletableFuture<Map<String, Object>> second =
                CompletableFuture.supplyAsync(() -> quietly(calls, this::counted));
        goOn.countDown();
        assertThat(first.join()).isEqualTo(Map.of("count", 1));
        assertThat(second.join().get("count").toString()).isEqualTo("1");
    }

    private static Map<String, Object> quietly(
            KeyedCalls calls, java.util.concurrent.Callable<Map<String, Object>> work) {
        try {
            return calls.once(KEY, work);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private Map<String, Object> counted() {
        return Map.of("count", count.incrementAndGet());
    }
}
