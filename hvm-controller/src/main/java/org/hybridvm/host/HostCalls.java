// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

/** Two things that the host's kernel does, to be measured: a system call, and the hand-off of a word between threads. */
public final class HostCalls implements AutoCloseable {
    private final int there;
    private final int back;
    private final Thread peer;

    private HostCalls(int there, int back) {
        this.there = there;
        this.back = back;
        this.peer = Thread.ofPlatform().daemon().name("hand-off").start(this::answer);
    }

    public static HostCalls open() {
        return new HostCalls(Posix.eventFd(), Posix.eventFd());
    }

    /** getppid(2): the least that a system call costs. */
    public long parentId() {
        return Posix.getppid();
    }

    /** Wakes a thread that sleeps and sleeps until it answers. */
    public long handOff() {
        Posix.addEvent(there, 1);
        return Posix.takeEvent(back);
    }

    private void answer() {
        while (Posix.takeEvent(there) == 1) {
            Posix.addEvent(back, 1);
        }
    }

    /** Ends the other thread. */
    @Override
    public void close() {
        Posix.addEvent(there, 2);
        try {
            peer.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return; // its descriptors are left to it
        }
        Posix.close(there);
        Posix.close(back);
    }
}
