// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.access.Caller;
import org.hybridvm.access.Role;
import org.hybridvm.host.HostChecks;
import org.hybridvm.job.FakeMachine;
import org.hybridvm.job.GuestMachine;
import org.hybridvm.job.GuestMachines;
import org.hybridvm.vm.BootObserver;
import org.hybridvm.vm.Console;
import org.hybridvm.vm.NodeLoad;

/** VMs in memory: launching one makes a {@link FakeMachine} available to jobs. */
public final class FakeVmControl implements VmControl, GuestMachines, AutoCloseable {
    private final FakeLayoutControl layouts = new FakeLayoutControl();
    private final FakeMachine machine;
    private final Path console;
    private final Console serial = new Echo();
    private final List<GuestMachine> up = new CopyOnWriteArrayList<>();
    private final List<Map<String, Object>> modules = new CopyOnWriteArrayList<>();
    private volatile Optional<String> admitted = Optional.empty();
    private volatile Optional<HvmException> obstacle = Optional.empty();

    public FakeVmControl(FakeMachine machine, Path console) {
        this.machine = machine;
        this.console = console;
    }

    public FakeVmControl launched() {
        up.add(machine);
        return this;
    }

    @Override
    public List<GuestMachine> running() {
        return up;
    }

    @Override
    public Optional<GuestMachine> find(String name) {
        return up.stream().filter(one -> one.name().equals(name)).findFirst();
    }

    @Override
    public List<Map<String, Object>> list() {
        return up.stream().map(one -> info(one.name())).toList();
    }

    @Override
    public Map<String, Object> info(String vm) {
        require(vm);
        return Map.of(
                "name",
                vm,
                "state",
                "READY",
                "acceleration",
                "tcg",
                "partitions",
                List.of(Map.of("name", "hrt", "kind", "hrt", "cores", 2, "state", "READY")));
    }

    @Override
    public Set<String> names(Caller caller) {
        return up.stream()
                .map(GuestMachine::name)
                .filter(name -> admits(name, caller))
                .collect(Collectors.toSet());
    }

    @Override
    public boolean admits(String vm, Caller caller) {
        return caller.has(Role.OPERATOR)
                || admitted.map(name -> name.equals(caller.name())).orElse(true);
    }

    /** From now on the VM is one user's only. */
    public void admitOnly(String user) {
        admitted = Optional.of(user);
    }

    @Override
    public Map<String, Object> validate(LayoutSource source) {
        if (source.text().orElse("").contains("wrong")) {
            throw HvmException.of(ErrorCode.INVALID_LAYOUT, source.file() + ":1:1: unknown field")
                    .value("wrong")
                    .build();
        }
        return Map.of("name", machine.name());
    }

    @Override
    public List<Map<String, Object>> validateAll(LayoutSource source) {
        return Arrays.stream(source.text().orElse("").split("(?m)^---$"))
                .map(text ->
                        validate(new LayoutSource(Optional.of(text), source.file(), source.folder(), source.caller())))
                .toList();
    }

    @Override
    public Map<String, Object> launch(LayoutSource source, BootObserver observer) {
        validate(source);
        observer.begin("firmware");
        observer.end("firmware", 12);
        observer.note("no KVM here, QEMU interprets (TCG): slow");
        if (source.text().orElse("").contains("broken")) {
            throw HvmException.of(ErrorCode.BOOT_FAILED, "The VM did not boot")
                    .value("kernel panic")
                    .hint("hvm console " + machine.name())
                    .build();
        }
        up.add(machine);
        return info(machine.name());
    }

    @Override
    public FakeLayoutControl layouts() {
        return layouts;
    }

    @Override
    public void destroy(String vm) {
        require(vm);
        machine.lose("the VM was destroyed");
        up.clear();
    }

    @Override
    public Map<String, Object> reboot(String vm, String partition, boolean force) {
        require(vm);
        return Map.of("vm", vm, "partition", partition, "state", "READY", "ready_us", 1850);
    }

    @Override
    public Map<String, Object> modules(String vm, String partition) {
        require(vm);
        return Map.of("vm", vm, "partition", partition, "modules", modules);
    }

    @Override
    public Map<String, Object> loadModule(String vm, String partition, Path file, Caller caller) {
        String name = file.getFileName().toString().replace(".so", "");
        modules.add(Map.of(
                "name",
                name,
                "address",
                "0xffffffff00000000",
                "size",
                4096,
                "functions",
                8,
                "names",
                List.of("one", "two", "three", "four", "five", "six", "seven")));
        return modules(vm, partition);
    }

    @Override
    public Map<String, Object> unloadModule(String vm, String partition, String module) {
        modules.removeIf(one -> one.get("name").equals(module));
        return modules(vm, partition);
    }

    @Override
    public String log(String vm, String kind, Optional<String> partition) {
        require(vm);
        return kind + partition.map(name -> " of " + name).orElse("") + "\n";
    }

    @Override
    public List<Map<String, Object>> dumps() {
        return List.of(Map.of(
                "dump",
                3,
                "time",
                "2026-01-01T00:00:00Z",
                "vm",
                "demo",
                "partition",
                "hrt",
                "state",
                "HUNG",
                "jobs",
                List.of(7)));
    }

    @Override
    public Map<String, Object> dump(int number) {
        if (number != 3) {
            throw HvmException.of(ErrorCode.NO_SUCH_DUMP, "There is no such dump")
                    .value(number)
                    .allowed("[3]")
                    .build();
        }
        var facts = new java.util.LinkedHashMap<>(dumps().getFirst());
        facts.put(
                "cores",
                List.of(Map.of(
                        "core",
                        0,
                        "vcpu",
                        1,
                        "state",
                        "PANIC",
                        "registers",
                        Map.of("rip", "0x401000"),
                        "program_trace",
                        List.of("0x401000 spin+0x4 (/work/spin)"))));
        facts.put("files", Map.of("hrt.log", "core 0: panic: NMI\n"));
        return facts;
    }

    @Override
    public Path console(String vm) {
        require(vm);
        return console;
    }

    @Override
    public List<GuestMachine> reachable() {
        return running();
    }

    @Override
    public Optional<String> gone(String name) {
        return find(name).isPresent() ? machine.gone() : Optional.of("VM " + name + " is not there any more");
    }

    @Override
    public Console openConsole(String vm) {
        require(vm);
        return serial;
    }

    /** Echoes what is typed, as a terminal does. */
    private static final class Echo implements Console {
        private final List<Consumer<byte[]>> hearers = new CopyOnWriteArrayList<>();

        @Override
        public void type(byte[] bytes) {
            hearers.forEach(hearer -> hearer.accept(bytes));
        }

        @Override
        public void watch(Consumer<byte[]> hearer) {
            hearers.add(hearer);
        }

        @Override
        public void unwatch(Consumer<byte[]> hearer) {
            hearers.remove(hearer);
        }
    }

    @Override
    public Path window(String vm) {
        require(vm);
        return console.resolveSibling("window");
    }

    @Override
    public List<HostChecks.Check> doctor() {
        return List.of(new HostChecks.Check(
                "acceleration", HostChecks.Status.FAIL, "no /dev/kvm", Optional.of("load the module kvm_intel")));
    }

    /** Ends all programs. */
    @Override
    public void close() {
        machine.close();
    }

    /** From now on the node is not ready. */
    public void obstruct(HvmException reason) {
        obstacle = Optional.of(reason);
    }

    @Override
    public Optional<HvmException> obstacle() {
        return obstacle;
    }

    @Override
    public boolean isOpen() {
        return obstacle.isEmpty();
    }

    @Override
    public NodeLoad load() {
        return FakeLoad.next(!up.isEmpty());
    }

    @Override
    public Map<String, Object> versions() {
        return Map.of("qemu", "7.2.0");
    }

    private void require(String vm) {
        if (find(vm).isEmpty()) {
            throw HvmException.of(ErrorCode.NO_SUCH_VM, "No such VM")
                    .value(vm)
                    .hint("hvm list")
                    .build();
        }
    }
}
