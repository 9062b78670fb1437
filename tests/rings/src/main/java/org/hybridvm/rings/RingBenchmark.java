// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.rings;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The measured thread and a peer, both spinning. */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class RingBenchmark {
    /** Of one invocation, which must be short: then hardly any is disturbed by whoever else uses the machine. */
    static final int MESSAGES = 10_000;

    static final int ROUND_TRIPS = 1_000;
    private static final int BATCH = 64;

    @Param({"ring", "agrona"})
    String transport;

    private Transport there;
    private Transport back;
    private Transport.Sender sender;
    private Transport.Receiver receiver;
    private Thread peer;
    private volatile boolean over;

    @Setup(Level.Iteration)
    public void open() {
        there = Transport.of(transport);
        back = Transport.of(transport);
        sender = there.sender();
        receiver = back.receiver();
        over = false;
    }

    @TearDown(Level.Iteration)
    public void close() throws InterruptedException {
        over = true;
        peer.join();
        peer = null;
    }

    /** {@value #MESSAGES} messages of a stream: the peer sends as fast as there is room. */
    @Benchmark
    public long throughput() {
        startPeer(this::stream);
        for (int left = MESSAGES; left > 0; ) {
            left -= receive(Math.min(left, BATCH));
        }
        return receiver.sum();
    }

    /** {@value #ROUND_TRIPS} times one message there, and its answer back. */
    @Benchmark
    public long roundTrip() {
        startPeer(this::echo);
        for (int i = 0; i < ROUND_TRIPS; i++) {
            sender.send(i);
            while (receive(1) == 0) {}
        }
        return receiver.sum();
    }

    private int receive(int limit) {
        int received = receiver.receive(limit);
        if (received == 0) {
            Thread.onSpinWait();
        }
        return received;
    }

    private void startPeer(Runnable body) {
        if (peer == null) {
            peer = Thread.ofPlatform().daemon().start(body);
        }
    }

    private void stream() {
        Transport.Sender answers = back.sender();
        for (long n = 0; !over; ) {
            if (answers.send(n)) {
                n++;
            } else {
                Thread.onSpinWait();
            }
        }
    }

    private void echo() {
        Transport.Receiver requests = there.receiver();
        Transport.Sender answers = back.sender();
        while (!over) {
            requests.answer(answers);
        }
    }
}
