// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.job.AgentGreeting;
import org.hybridvm.job.GuestCommand;
import org.hybridvm.job.GuestProcess;
import org.hybridvm.job.HrtCounters;
import org.hybridvm.job.JobKey;
import org.hybridvm.job.JobUsage;
import org.hybridvm.job.ReportLine;
import org.hybridvm.layout.Health;
import org.hybridvm.vm.Guest;
import org.hybridvm.vm.PartitionDump;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A guest by its agent, after hvm/frame.h: its channel, what is asked there, and the jobs' streams. What the agent says is
 * checked; what it does not say in time is an error.
 */
public final class AgentGuest implements Guest {
    private static final Logger LOG = LoggerFactory.getLogger(AgentGuest.class);
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(10);
    /** How often a silent agent is asked whether it is there, and how long it may take to say so. */
    private static final Duration WATCH_PERIOD = Duration.ofSeconds(10);

    private static final Duration WATCH_LIMIT = Duration.ofSeconds(30);
    /** For what is asked again and again: a guest that is late is left out. */
    private static final Duration LOOK_LIMIT = Duration.ofSeconds(2);

    private static final Duration REBOOT_LIMIT = Duration.ofSeconds(30);
    private static final Duration MODULE_LIMIT = Duration.ofSeconds(30);

    private final AgentChannel channel;
    private final Fields greeting;
    private final Listener listener;
    private final AgentRequests requests;
    private final AgentJobs jobs;
    private final AgentGreeting kept;

    private AgentGuest(AgentChannel channel, Fields greeting, AgentGreeting kept, Listener listener) {
        this.channel = channel;
        this.greeting = greeting;
        this.kept = kept;
        this.listener = listener;
        this.requests = new AgentRequests(channel::send);
        this.jobs = new AgentJobs(channel::send);
    }

    /**
     * Connects to the agent behind a socket.
     *
     * @param instance 16 bytes, of the state folder: an agent keeps no jobs for another one
     * @param limit how long the agent may take to answer
     */
    public static AgentGuest connect(Path socket, byte[] instance, Duration limit, Listener listener)
            throws IOException {
        AgentChannel.Greeting greeting = AgentChannel.connect(socket, instance, limit);
        try {
            var guest = new AgentGuest(
                    greeting.channel(), greeting.fields(), JobInfo.greeting(greeting.fields()), listener);
            guest.begin();
            return guest;
        } catch (ProtocolException e) {
            greeting.channel().close();
            throw e;
        }
    }

    @Override
    public AgentGreeting greeting() {
        return kept;
    }

    @Override
    public Map<String, Long> bootStamps() {
        var stamps = new LinkedHashMap<String, Long>();
        try {
            List<String> names = greeting.texts(FieldTag.STAMP_NAME);
            List<Long> times = greeting.numbers(FieldTag.STAMP_NS);
            for (int i = 0; i < Math.min(names.size(), times.size()); i++) {
                stamps.put(names.get(i), times.get(i));
            }
        } catch (ProtocolException e) {
            LOG.warn("boot stamps dropped reason={}", e.getMessage());
        }
        return stamps;
    }

    @Override
    public List<String> bootProblems() {
        return greeting.texts(FieldTag.PROBLEM);
    }

    @Override
    public List<Partition> partitions() {
        return requests.ask("info", new Fields(), ANSWER_LIMIT, PartitionInfo::all);
    }

    @Override
    public Partition reboot(String partition, boolean force) {
        var fields = on(partition).number(FieldTag.FORCE, force ? 1 : 0);
        List<Partition> answered = requests.ask("reboot", fields, REBOOT_LIMIT, PartitionInfo::all);
        return (answered.isEmpty() ? partitions() : answered)
                .stream()
                        .filter(one -> one.name().equals(partition))
                        .findFirst()
                        .orElseThrow(() -> AgentRequests.broken("no description of partition " + partition));
    }

    @Override
    public List<Module> modules(String partition) {
        return requests.ask("modules", on(partition), ANSWER_LIMIT, ModuleInfo::all);
    }

    @Override
    public List<Module> loadModule(String partition, String file) {
        return requests.ask("module-load", module(partition, file), MODULE_LIMIT, ModuleInfo::all);
    }

    @Override
    public List<Module> unloadModule(String partition, String module) {
        return requests.ask("module-unload", module(partition, module), MODULE_LIMIT, ModuleInfo::all);
    }

    @Override
    public void watch(String partition, Health health) {
        requests.ask(
                "watch",
                on(partition)
                        .number(FieldTag.NUMBER, (int) health.heartbeat().toMillis())
                        .number(FieldTag.NUMBER, (int) health.hungAfter().toMillis())
                        .number(FieldTag.FORCE, health.ask() == Health.Ask.ALWAYS ? 1 : 0),
                ANSWER_LIMIT);
    }

    @Override
    public PartitionDump dump(String partition) {
        return requests.ask("dump", on(partition), REBOOT_LIMIT, DumpReader::read);
    }

    @Override
    public void doom(String partition, String reason) {
        jobs.doom(partition, reason);
    }

    @Override
    public String hrtLog(String partition) {
        return text("hrt-log", on(partition));
    }

    @Override
    public String kernelLog() {
        return text("kernel-log", new Fields());
    }

    @Override
    public List<Activity> activity() {
        return requests.ask("activity", new Fields(), LOOK_LIMIT, ActivityInfo::all);
    }

    @Override
    public Map<String, Object> status() {
        var status = new LinkedHashMap<String, Object>();
        greeting.text(FieldTag.RELEASE).ifPresent(release -> status.put("release", release));
        for (String pair : text("status", new Fields()).split("\\s+")) {
            int equals = pair.indexOf('=');
            if (equals > 0) {
                status.put(pair.substring(0, equals), pair.substring(equals + 1));
            }
        }
        return status;
    }

    @Override
    public GuestProcess start(JobKey key, GuestCommand command, GuestProcess.Listener listener) {
        return jobs.start(key, command, listener);
    }

    @Override
    public GuestProcess attach(JobKey key, String partition, long reports, GuestProcess.Listener listener) {
        return jobs.attach(key, partition, reports, listener);
    }

    @Override
    public void release(JobKey key) {
        jobs.release(key);
    }

    @Override
    public Optional<JobUsage> usage(JobKey key) {
        String line = text("usage", new Fields().number(FieldTag.NUMBER, key.job()));
        return JobUsage.of(ReportLine.parse(line));
    }

    @Override
    public HrtCounters counters(JobKey key) {
        Fields job = new Fields().number(FieldTag.NUMBER, key.job());
        return requests.ask("counters", job, LOOK_LIMIT, ActivityInfo::sum);
    }

    @Override
    public void hold(Optional<String> reason) {
        requests.hold(reason);
    }

    @Override
    public void close(String reason) {
        channel.close();
        endAll(reason);
    }

    private void begin() {
        channel.start(new AgentChannel.Receiver() {
            @Override
            public void accept(Frame frame) throws ProtocolException {
                receive(frame);
            }

            @Override
            public void lost(String reason) {
                endAll(reason);
                listener.lost(reason);
            }
        });
        Thread.ofVirtual().name("agent-watch").start(this::watch);
    }

    /** A guest that hangs, and a channel that lost its place in the stream, say nothing: only asking finds them. */
    private void watch() {
        try {
            while (!requests.hasEnded()) {
                Thread.sleep(WATCH_PERIOD);
                if (!requests.isHeld() && isSilent()) {
                    channel.giveUp("the guest's agent has not answered for " + WATCH_LIMIT.toSeconds() + " s");
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean isSilent() {
        try {
            requests.ask("status", new Fields(), WATCH_LIMIT);
            return false;
        } catch (HvmException e) {
            return e.code() == ErrorCode.GUEST_TIMEOUT;
        }
    }

    private void receive(Frame frame) throws ProtocolException {
        if (frame.stream() != 0) {
            jobs.receive(frame);
            return;
        }
        Fields fields = Fields.decode(frame.payload());
        switch (frame.type()) {
            case RESPONSE -> requests.answer(fields);
            case EVENT -> event(fields);
            case ERROR ->
                LOG.error(
                        "the agent did not understand reason={}",
                        fields.text(FieldTag.TEXT).orElse(""));
            case HELLO_REPLY -> throw new ProtocolException("the agent was started anew");
            default -> throw new ProtocolException("a " + frame.type() + " frame outside a job's stream");
        }
    }

    private void event(Fields fields) throws ProtocolException {
        String partition =
                fields.text(FieldTag.PARTITION).orElseThrow(() -> new ProtocolException("an event of nobody"));
        String state = fields.text(FieldTag.TEXT).orElse("");
        if (!PartitionInfo.isState(state)) {
            throw new ProtocolException("a partition in a state that there is not");
        }
        listener.partitionChanged(this, partition, state);
    }

    private void endAll(String reason) {
        requests.end(reason); // first: nobody whom a job's end wakes shall wait for an answer
        jobs.end(reason);
    }

    private static Fields on(String partition) {
        return new Fields().text(FieldTag.PARTITION, partition);
    }

    private static Fields module(String partition, String module) {
        return on(partition).text(FieldTag.ARGUMENT, module);
    }

    private String text(String request, Fields fields) {
        return String.join("", requests.ask(request, fields, ANSWER_LIMIT).texts(FieldTag.TEXT));
    }
}
