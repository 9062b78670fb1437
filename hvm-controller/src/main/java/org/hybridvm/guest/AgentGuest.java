// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.job.AgentGreeting;
import org.hybridvm.job.GuestCommand;
import org.hybridvm.job.GuestProcess;
import org.hybridvm.job.JobKey;
import org.hybridvm.job.JobUsage;
import org.hybridvm.job.PartitionKind;
import org.hybridvm.job.ReportLine;
import org.hybridvm.job.RunOption;
import org.hybridvm.layout.Health;
import org.hybridvm.vm.Guest;
import org.hybridvm.vm.PartitionDump;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A guest by its agent, after hvm/frame.h. What the agent says is checked; what it does not say in time is an error. A job's
 * stream has the job's number; those that an earlier channel began are in the greeting, and silent until they are attached.
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
    private final Map<Integer, AgentProcess> processes = new ConcurrentHashMap<>();
    private final Map<Integer, CompletableFuture<Fields>> requests = new ConcurrentHashMap<>();
    private final BitSet streams = new BitSet(); // that this channel has had; guarded by itself
    private final AgentGreeting kept;
    private final AtomicInteger lastRequest = new AtomicInteger();
    private volatile String end;
    private volatile Optional<String> held = Optional.empty();

    private AgentGuest(AgentChannel channel, Fields greeting, AgentGreeting kept, Listener listener) {
        this.channel = channel;
        this.greeting = greeting;
        this.kept = kept;
        this.listener = listener;
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
        return partitionsOf(ask("info", new Fields(), ANSWER_LIMIT));
    }

    @Override
    public Partition reboot(String partition, boolean force) {
        var fields = new Fields().text(FieldTag.PARTITION, partition).number(FieldTag.FORCE, force ? 1 : 0);
        Fields answer = ask("reboot", fields, REBOOT_LIMIT);
        List<Partition> described = answer.all(FieldTag.INFO).isEmpty() ? partitions() : partitionsOf(answer);
        return described.stream()
                .filter(one -> one.name().equals(partition))
                .findFirst()
                .orElseThrow(() -> broken("no description of partition " + partition));
    }

    @Override
    public List<Module> modules(String partition) {
        return modulesOf(ask("modules", new Fields().text(FieldTag.PARTITION, partition), ANSWER_LIMIT));
    }

    @Override
    public List<Module> loadModule(String partition, String file) {
        return modulesOf(ask("module-load", moduleRequest(partition, file), MODULE_LIMIT));
    }

    @Override
    public List<Module> unloadModule(String partition, String module) {
        return modulesOf(ask("module-unload", moduleRequest(partition, module), MODULE_LIMIT));
    }

    @Override
    public void watch(String partition, Health health) {
        ask(
                "watch",
                new Fields()
                        .text(FieldTag.PARTITION, partition)
                        .number(FieldTag.NUMBER, (int) health.heartbeat().toMillis())
                        .number(FieldTag.NUMBER, (int) health.hungAfter().toMillis())
                        .number(FieldTag.FORCE, health.ask() == Health.Ask.ALWAYS ? 1 : 0),
                ANSWER_LIMIT);
    }

    @Override
    public PartitionDump dump(String partition) {
        Fields answer = ask("dump", new Fields().text(FieldTag.PARTITION, partition), REBOOT_LIMIT);
        try {
            return DumpReader.read(answer);
        } catch (ProtocolException e) {
            throw broken(e.getMessage());
        }
    }

    @Override
    public void doom(String partition, String reason) {
        processes.values().forEach(process -> process.doom(partition, reason));
    }

    @Override
    public String hrtLog(String partition) {
        return text(ask("hrt-log", new Fields().text(FieldTag.PARTITION, partition), ANSWER_LIMIT));
    }

    @Override
    public String kernelLog() {
        return text(ask("kernel-log", new Fields(), ANSWER_LIMIT));
    }

    @Override
    public List<Activity> activity() {
        var activities = new ArrayList<Activity>();
        for (byte[] info : ask("activity", new Fields(), LOOK_LIMIT).all(FieldTag.ACTIVITY)) {
            try {
                activities.add(ActivityInfo.decode(info));
            } catch (ProtocolException e) {
                throw broken(e.getMessage());
            }
        }
        return activities;
    }

    @Override
    public Map<String, Object> status() {
        Fields answer = ask("status", new Fields(), ANSWER_LIMIT);
        var status = new LinkedHashMap<String, Object>();
        greeting.text(FieldTag.RELEASE).ifPresent(release -> status.put("release", release));
        for (String pair : text(answer).split("\\s+")) {
            int equals = pair.indexOf('=');
            if (equals > 0) {
                status.put(pair.substring(0, equals), pair.substring(equals + 1));
            }
        }
        return status;
    }

    @Override
    public GuestProcess start(JobKey key, GuestCommand command, GuestProcess.Listener listener) {
        byte[] payload = exec(command).number(FieldTag.RESTARTS, key.restarts()).encode();
        if (payload.length > Frame.MAX_PAYLOAD) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "Arguments and environment are too long")
                    .value(payload.length + " bytes")
                    .allowed("at most " + Frame.MAX_PAYLOAD + " bytes")
                    .hint("pass fewer variables (not --env-all), or put arguments into a file")
                    .build();
        }
        return open(
                new AgentProcess(key, command.partition(), 0, listener, channel::send),
                new Frame(FrameType.EXEC, key.job(), payload));
    }

    @Override
    public GuestProcess attach(JobKey key, String partition, long reports, GuestProcess.Listener listener) {
        return open(
                new AgentProcess(key, partition, reports, listener, channel::send),
                new Frame(
                        FrameType.ATTACH,
                        key.job(),
                        new Fields()
                                .number(FieldTag.RESTARTS, key.restarts())
                                .longNumber(FieldTag.OFFSET, reports)
                                .encode()));
    }

    @Override
    public void release(JobKey key) {
        channel.send(AgentProcess.releaseOf(key));
    }

    @Override
    public Optional<JobUsage> usage(JobKey key) {
        String line = text(ask("usage", new Fields().number(FieldTag.NUMBER, key.job()), ANSWER_LIMIT));
        return JobUsage.of(ReportLine.parse(line));
    }

    private GuestProcess open(AgentProcess process, Frame first) {
        int stream = first.stream();
        synchronized (streams) {
            streams.set(stream);
        }
        processes.put(stream, process);
        channel.send(first);
        String reason = end;
        if (reason != null && processes.remove(stream) != null) {
            process.lost(reason);
        }
        return process;
    }

    @Override
    public void hold(Optional<String> reason) {
        held = reason;
        reason.ifPresent(why -> failRequests(new Held(why)));
    }

    @Override
    public void close(String reason) {
        channel.close();
        endAll(reason);
    }

    /** QEMU does not run; what was asked comes to nothing. */
    private static final class Held extends IOException {
        Held(String reason) {
            super(reason);
        }
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
            while (end == null) {
                Thread.sleep(WATCH_PERIOD);
                if (held.isEmpty() && isSilent()) {
                    channel.giveUp("the guest's agent has not answered for " + WATCH_LIMIT.toSeconds() + " s");
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean isSilent() {
        try {
            ask("status", new Fields(), WATCH_LIMIT);
            return false;
        } catch (HvmException e) {
            return e.code() == ErrorCode.GUEST_TIMEOUT;
        }
    }

    private void receive(Frame frame) throws ProtocolException {
        if (frame.stream() != 0) {
            receiveOfJob(frame);
            return;
        }
        Fields fields = Fields.decode(frame.payload());
        switch (frame.type()) {
            case RESPONSE -> answer(fields);
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

    private void receiveOfJob(Frame frame) throws ProtocolException {
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

    private boolean isKnown(int stream) {
        synchronized (streams) {
            return stream > 0 && streams.get(stream);
        }
    }

    private void answer(Fields fields) throws ProtocolException {
        CompletableFuture<Fields> request = requests.remove(fields.require(FieldTag.ID));
        if (request != null) { // else it came too late
            request.complete(fields);
        }
    }

    private void endAll(String reason) {
        end = reason;
        var ending = new ArrayList<>(processes.values());
        processes.clear();
        ending.forEach(process -> process.lost(reason));
        failRequests(new IOException(reason));
    }

    private void failRequests(IOException why) {
        requests.values().forEach(request -> request.completeExceptionally(why));
        requests.clear();
    }

    private Fields ask(String name, Fields fields, Duration limit) {
        int id = lastRequest.incrementAndGet();
        var answer = new CompletableFuture<Fields>();
        requests.put(id, answer);
        channel.send(new Frame(
                FrameType.REQUEST,
                0,
                fields.number(FieldTag.ID, id).text(FieldTag.NAME, name).encode()));
        try {
            if (end != null) {
                throw new ExecutionException(new IOException(end));
            }
            if (held.isPresent()) {
                throw new ExecutionException(new Held(held.get()));
            }
            return checked(name, answer.get(limit.toMillis(), TimeUnit.MILLISECONDS));
        } catch (TimeoutException e) {
            throw HvmException.of(ErrorCode.GUEST_TIMEOUT, "The guest's agent does not answer")
                    .value(name + ", after " + limit.toSeconds() + " s")
                    .hint("hvm console VM")
                    .cause(e)
                    .build();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Held) {
                throw HvmException.of(ErrorCode.WRONG_STATE, "The VM is stalled")
                        .value(e.getCause().getMessage())
                        .hint("hvm list")
                        .cause(e)
                        .build();
            }
            throw HvmException.of(ErrorCode.GUEST_LOST, "The guest's agent is gone")
                    .value(e.getCause().getMessage())
                    .hint("hvm list")
                    .cause(e)
                    .build();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw HvmException.of(ErrorCode.SHUTTING_DOWN, "hvmd stops")
                    .cause(e)
                    .build();
        } finally {
            requests.remove(id);
        }
    }

    private static Fields checked(String name, Fields answer) {
        answer.text(FieldTag.PROBLEM).ifPresent(problem -> {
            throw HvmException.of(ErrorCode.WRONG_STATE, "The guest refused: " + name)
                    .value(problem)
                    .build();
        });
        return answer;
    }

    private static List<Partition> partitionsOf(Fields answer) {
        var partitions = new ArrayList<Partition>();
        for (byte[] info : answer.all(FieldTag.INFO)) {
            try {
                partitions.add(PartitionInfo.decode(info));
            } catch (ProtocolException e) {
                throw broken(e.getMessage());
            }
        }
        return partitions;
    }

    private static Fields moduleRequest(String partition, String module) {
        return new Fields().text(FieldTag.PARTITION, partition).text(FieldTag.ARGUMENT, module);
    }

    private static List<Module> modulesOf(Fields answer) {
        List<byte[]> infos = answer.all(FieldTag.MODULE);
        List<String> names = answer.texts(FieldTag.TEXT);
        var modules = new ArrayList<Module>();
        for (int i = 0; i < infos.size(); i++) {
            try {
                modules.add(ModuleInfo.decode(infos.get(i), i < names.size() ? names.get(i) : ""));
            } catch (ProtocolException e) {
                throw broken(e.getMessage());
            }
        }
        return modules;
    }

    private static String text(Fields answer) {
        return String.join("", answer.texts(FieldTag.TEXT));
    }

    private static HvmException broken(String why) {
        return HvmException.of(ErrorCode.GUEST_PROTOCOL, "The guest's agent broke the protocol")
                .value(why)
                .build();
    }

    private static Fields exec(GuestCommand command) {
        var fields = new Fields();
        command.arguments().forEach(argument -> fields.text(FieldTag.ARGUMENT, argument));
        command.environment().forEach(variable -> fields.text(FieldTag.ENVIRONMENT, variable));
        fields.text(FieldTag.DIRECTORY, command.directory());
        fields.number(FieldTag.USER, command.identity().user());
        fields.number(FieldTag.GROUP, command.identity().group());
        command.identity().groups().forEach(group -> fields.number(FieldTag.GROUP_EXTRA, group));
        if (command.kind() == PartitionKind.HRT) {
            fields.text(FieldTag.PARTITION, command.partition())
                    .number(FieldTag.CORES, command.cores())
                    .number(FieldTag.OPTIONS, RunOption.bits(command.options()));
        }
        command.files()
                .ifPresent(files -> fields.text(FieldTag.STDIN_FILE, files.stdin())
                        .text(FieldTag.STDOUT_FILE, files.stdout())
                        .text(FieldTag.STDERR_FILE, files.stderr())
                        .number(FieldTag.APPEND, files.append() ? 1 : 0));
        if (command.memory() > 0) {
            fields.longNumber(FieldTag.MEMORY, command.memory());
        }
        return fields;
    }
}
