// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.hybridvm.job.GuestCommand;
import org.hybridvm.job.GuestProcess;
import org.hybridvm.job.JobKey;

/**
 * The jobs' streams of a channel. A stream has its job's number; those that an earlier channel began are in the greeting,
 * and silent until they are attached.
 */
final class AgentJobs {
    private final Consumer<Frame> sender;
    private final Map<Integer, AgentProcess> processes = new ConcurrentHashMap<>();
    private final BitSet streams = new BitSet(); // that this channel has had; guarded by itself
    private volatile String end;

    /** @param sender sends a frame, without blocking */
    AgentJobs(Consumer<Frame> sender) {
        this.sender = sender;
    }

    GuestProcess start(JobKey key, GuestCommand command, GuestProcess.Listener listener) {
        Frame exec = ExecFrame.of(key, command);
        return open(new AgentProcess(key, command.partition(), 0, listener, sender), exec);
    }

    GuestProcess attach(JobKey key, String partition, long reports, GuestProcess.Listener listener) {
        byte[] payload = new Fields()
                .number(FieldTag.RESTARTS, key.restarts())
                .longNumber(FieldTag.OFFSET, reports)
                .encode();
        return open(
                new AgentProcess(key, partition, reports, listener, sender),
                new Frame(FrameType.ATTACH, key.job(), payload));
    }

    void release(JobKey key) {
        sender.accept(AgentProcess.releaseOf(key));
    }

    /** What runs on a partition now ends as lost. */
    void doom(String partition, String reason) {
        processes.values().forEach(process -> process.doom(partition, reason));
    }

    /** Takes a frame of a job's stream. */
    void receive(Frame frame) throws ProtocolException {
        AgentProcess process = processes.get(frame.stream());
        if (process == null) {
            if (!isKnown(frame.stream())) {
                throw new ProtocolException("a frame of job stream " + frame.stream() + ", which there is not");
            }
            return;
        }
        if (process.accept(frame)) {
            processes.remove(frame.stream(), process);
        }
    }

    /** The channel is gone, and with it all that runs. */
    void end(String reason) {
        end = reason;
        var ending = new ArrayList<>(processes.values());
        processes.clear();
        ending.forEach(process -> process.lost(reason));
    }

    private GuestProcess open(AgentProcess process, Frame first) {
        int stream = first.stream();
        synchronized (streams) {
            streams.set(stream);
        }
        processes.put(stream, process);
        sender.accept(first);
        String reason = end;
        if (reason != null && processes.remove(stream) != null) {
            process.lost(reason);
        }
        return process;
    }

    private boolean isKnown(int stream) {
        synchronized (streams) {
            return stream > 0 && streams.get(stream);
        }
    }
}
