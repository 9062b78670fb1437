// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.vertx.core.buffer.Buffer;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.job.OutputTail;

/**
 * Output of a run beside its own client, whose flow control alone decides how fast the job may write: who looks on more
 * slowly than that misses bytes, and is told how many.
 */
final class RunOutput implements AttachedOutput {
    private static final int PIECE = 64 * 1024;

    private final int job;
    private final OutputTail tail;
    private long position;
    private Runnable waiting = () -> {};

    RunOutput(int job, OutputTail tail, long position) {
        this.job = job;
        this.tail = tail;
        this.position = position;
    }

    @Override
    public Piece read() {
        OutputTail.Piece piece = tail.read(position, PIECE);
        long skipped = piece.from() - position;
        position = piece.from() + piece.bytes().length;
        return new Piece(skipped, Buffer.buffer(piece.bytes()));
    }

    @Override
    public void whenMore(Runnable more) {
        waiting = more;
        tail.whenBehind(position, more);
    }

    @Override
    public void leave() {
        tail.forget(waiting);
    }

    @Override
    public HvmException noInput() {
        return HvmException.of(ErrorCode.WRONG_STATE, "The input of a run comes from the terminal that began it")
                .value(job)
                .allowed("signals: {\"signal\": 15}")
                .owner("its hvm run")
                .build();
    }
}
