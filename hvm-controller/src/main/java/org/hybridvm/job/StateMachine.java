// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.function.BiPredicate;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * A value that changes step by step, and listeners that hear of every step.
 *
 * <p>Listeners are never called with the machine's lock held, and each hears the states in the order in which they were
 * taken, even if several threads change the state. They are called by one of the changing threads; a slow listener
 * delays others. After a terminal state no step is possible and the listeners are dropped.
 */
final class StateMachine<T> {
    private final Predicate<T> terminal;
    private final BiPredicate<T, T> allowed;

    private final Object lock = new Object();
    private final List<Consumer<T>> listeners = new ArrayList<>();
    private final Queue<Runnable> undelivered = new ArrayDeque<>();
    private boolean delivering;
    private T state;

    /**
     * @param terminal says whether a state is the last one
     * @param allowed says whether there is a step from the first state to the second
     */
    StateMachine(T initial, Predicate<T> terminal, BiPredicate<T, T> allowed) {
        this.state = Objects.requireNonNull(initial, "initial");
        this.terminal = Objects.requireNonNull(terminal, "terminal");
        this.allowed = Objects.requireNonNull(allowed, "allowed");
    }

    T get() {
        synchronized (lock) {
            return state;
        }
    }

    /** Takes the step to {@code next} if there is one from the present state. Answers whether it was taken. */
    boolean step(T next) {
        return stepIf(present -> true, next);
    }

    /** As {@link #step}, but only from a present state that {@code condition} accepts. It is asked under the lock. */
    boolean stepIf(Predicate<T> condition, T next) {
        synchronized (lock) {
            if (terminal.test(state) || !condition.test(state) || !allowed.test(state, next)) {
                return false;
            }
            state = next;
            for (Consumer<T> listener : listeners) {
                undelivered.add(() -> listener.accept(next));
            }
            if (terminal.test(next)) {
                listeners.clear();
            }
        }
        deliver();
        return true;
    }

    /** Adds a listener; it hears the present state first, then every further one. */
    void addListener(Consumer<T> listener) {
        synchronized (lock) {
            T present = state;
            undelivered.add(() -> listener.accept(present));
            if (!terminal.test(present)) {
                listeners.add(listener);
            }
        }
        deliver();
    }

    private void deliver() {
        synchronized (lock) {
            if (delivering) {
                return;
            }
            delivering = true;
        }
        while (true) {
            Runnable next;
            synchronized (lock) {
                next = undelivered.poll();
                if (next == null) {
                    delivering = false;
                    return;
                }
            }
            try {
                next.run();
            } catch (Throwable failure) { // a failing listener must not keep the others from hearing
                Thread thread = Thread.currentThread();
                thread.getUncaughtExceptionHandler().uncaughtException(thread, failure);
            }
        }
    }
}
