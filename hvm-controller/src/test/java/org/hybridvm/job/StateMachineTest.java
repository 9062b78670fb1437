// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class StateMachineTest {
    private static final int LAST = 100;

    private final StateMachine<Integer> machine =
            new StateMachine<>(0, state -> state == LAST, (from, to) -> to > from);

    @Test
    void shouldTellANewListenerThePresentStateFirst() {
        var heard = new ArrayList<Integer>();
        machine.step(3);
        machine.addListener(heard::add);
        machine.step(5);
        assertThat(heard).containsExactly(3, 5);
    }

    @Test
    void shouldRefuseAStepThatIsNotAllowed() {
        machine.step(7);
        assertThat(machine.step(7)).isFalse();
        assertThat(machine.step(2)).isFalse();
        assertThat(machine.get()).isEqualTo(7);
    }

    @Test
    void shouldTakeNoStepOutOfATerminalState() {
        machine.step(LAST);
        assertThat(machine.step(LAST + 1)).isFalse();
    }

    @Test
    void shouldTakeAConditionalStepOnlyFromAStateThatFits() {
        assertThat(machine.stepIf(state -> state == 1, 2)).isFalse();
        assertThat(machine.stepIf(state -> state == 0, 2)).isTrue();
    }

    @Test
    void shouldCallListenersWithoutItsLock() throws Exception {
        var otherThreadPassed = new CompletableFuture<Boolean>();
        machine.addListener(state -> {
            if (state == 1) {
                var passed = CompletableFuture.supplyAsync(() -> machine.step(2));
                otherThreadPassed.complete(passed.orTimeout(5, TimeUnit.SECONDS).join());
            }
        });
        machine.step(1);
        assertThat(otherThreadPassed.get(5, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void shouldTellEveryStepInOrderThoughSeveralThreadsStep() throws Exception {
        var heard = new CopyOnWriteArrayList<Integer>();
        machine.addListener(heard::add);
        var start = new CountDownLatch(1);
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < 4; i++) {
            threads.add(Thread.ofPlatform().start(() -> {
                try {
                    start.await();
                } catch (InterruptedException e) {
                    return;
                }
                for (int state = 1; state <= LAST; state++) {
                    machine.step(state);
                }
            }));
        }
        start.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(heard).isSorted().doesNotHaveDuplicates().endsWith(LAST);
    }

    @Test
    void shouldGoOnAfterAListenerThatFails() {
        var heard = new ArrayList<Integer>();
        Thread thread = Thread.ofPlatform()
                .uncaughtExceptionHandler((failed, failure) -> heard.add(-1))
                .unstarted(() -> {
                    machine.addListener(state -> {
                        throw new IllegalStateException("listener");
                    });
                    machine.addListener(heard::add);
                });
        thread.start();
        assertThat(join(thread)).isTrue();
        assertThat(heard).isEqualTo(List.of(-1, 0));
    }

    private static boolean join(Thread thread) {
        try {
            return thread.join(Duration.ofSeconds(5));
        } catch (InterruptedException e) {
            return false;
        }
    }
}
