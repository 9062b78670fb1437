// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;

/**
 * An agent without a guest, which keeps one job that runs until it gets a signal: what a hvmd meets while its cache of classes
 * is made, so that the classes of an adoption are in it.
 */
public final class TrainingAgent {
    private final byte[] life;
    private final int job;

    /**
     * An agent.
     *
     * @param life which hvmd's record of the job names, hexadecimal
     */
    public TrainingAgent(String life, int job) {
        this.life = HexFormat.of().parseHex(life);
        this.job = job;
    }

    /** Answers one hvmd after the other, until the process ends. */
    public void serve(Path socket) throws IOException {
        try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            while (true) {
                try (SocketChannel hvmd = server.accept()) {
                    answer(hvmd);
                }
            }
        }
    }

    /** Until it hangs up. */
    private void answer(SocketChannel hvmd) {
        var reader = new FrameReader(hvmd);
        try {
            while (true) {
                Optional<Frame> answer = answer(reader.next());
                if (answer.isPresent()) {
                    hvmd.write(answer.get().encode());
                }
            }
        } catch (IOException e) {
            return; // another may come
        }
    }

    private Optional<Frame> answer(Frame frame) throws ProtocolException {
        return switch (frame.type()) {
            case HELLO -> Optional.of(greeting(Fields.decode(frame.payload())));
            case REQUEST ->
                reply(
                        FrameType.RESPONSE,
                        0,
                        new Fields()
                                .number(
                                        FieldTag.ID,
                                        Fields.decode(frame.payload()).require(FieldTag.ID)));
            case ATTACH -> reply(FrameType.STARTED, job, new Fields().number(FieldTag.NUMBER, 1));
            case SIGNAL ->
                reply(
                        FrameType.EXIT,
                        job,
                        new Fields()
                                .number(
                                        FieldTag.EXIT_SIGNAL,
                                        Fields.decode(frame.payload()).require(FieldTag.NUMBER)));
            default -> Optional.empty();
        };
    }

    private Frame greeting(Fields hello) {
        ByteBuffer info = ByteBuffer.allocate(JobInfo.SIZE).order(ByteOrder.LITTLE_ENDIAN);
        info.putInt(0, job); // never started again, not ended, no lines of report
        return new Frame(
                FrameType.HELLO_REPLY,
                0,
                new Fields()
                        .bytes(FieldTag.NONCE, hello.all(FieldTag.NONCE).getFirst())
                        .bytes(FieldTag.LIFE, life)
                        .bytes(FieldTag.JOB, info.array())
                        .encode());
    }

    private static Optional<Frame> reply(FrameType type, int stream, Fields fields) {
        return Optional.of(new Frame(type, stream, fields.encode()));
    }
}
