// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.hybridvm.HvmException;

/** Gathers a dump of an HRT partition: from its guest, from QEMU, and with the names of functions. Its calls block. */
final class DumpMaker {
    /** Requests of hvm/slot.h that are no system calls begin here. */
    private static final long FIRST_OWN_REQUEST = 0xf000;

    private final Guest guest;
    private final Registers monitor;
    private final String domain;
    private final DumpSymbols symbols;
    private final Map<String, Object> facts = new LinkedHashMap<>();
    private final Map<String, String> texts = new LinkedHashMap<>();
    private final List<String> gaps = new ArrayList<>();

    /** Who knows what is in a vCPU's registers. */
    interface Registers {
        /** As text, of one vCPU of a domain of libvirt's. */
        String registers(String domain, long cpu) throws IOException, InterruptedException;
    }

    /** @param domain libvirt's name of the VM */
    DumpMaker(Guest guest, Registers monitor, String domain, DumpSymbols symbols) {
        this.guest = guest;
        this.monitor = monitor;
        this.domain = domain;
        this.symbols = symbols;
    }

    Map<String, Object> facts() {
        return facts;
    }

    Map<String, String> texts() {
        return texts;
    }

    /**
     * Takes all that can be had; what cannot is named in {@code missing}.
     *
     * @param firstCpu vCPU of the partition's first core
     * @param cores how many it has
     */
    void gather(String partition, int firstCpu, int cores, List<String> console) throws InterruptedException {
        takeRegisters(firstCpu, cores); // before cores are stopped
        try {
            PartitionDump dump = guest.dump(partition);
            facts.put(
                    "cores", dump.cores().stream().map(core -> core(core, dump)).toList());
            facts.put("threads", dump.threads().stream().map(DumpMaker::thread).toList());
            dump.maps().forEach((process, maps) -> texts.put("maps-" + process + ".txt", maps));
        } catch (HvmException e) {
            gaps.add("the guest's part: " + e.getMessage());
        }
        takeText("hrt.log", () -> guest.hrtLog(partition));
        takeText("kernel.log", guest::kernelLog);
        texts.put("console.log", String.join("\n", console) + "\n");
        if (!symbols.knowsKernel()) {
            gaps.add("names of the aerokernel's functions: there is no ELF file beside its image");
        }
        if (!gaps.isEmpty()) {
            facts.put("missing", gaps);
        }
    }

    private interface Text {
        String get();
    }

    private void takeText(String name, Text text) {
        try {
            texts.put(name, text.get());
        } catch (HvmException e) {
            gaps.add(name + ": " + e.getMessage());
        }
    }

    private void takeRegisters(int firstCpu, int cores) throws InterruptedException {
        var text = new StringBuilder();
        try {
            for (int cpu = firstCpu; cpu < firstCpu + cores; cpu++) {
                text.append("vCPU ").append(cpu).append('\n').append(monitor.registers(domain, cpu));
            }
        } catch (IOException e) {
            gaps.add("registers as QEMU has them: " + e.getMessage());
        }
        if (!text.isEmpty()) {
            texts.put("qemu-registers.txt", text.toString());
        }
    }

    private Map<String, Object> core(PartitionDump.Core core, PartitionDump dump) {
        String maps = dump.maps().getOrDefault(core.process(), "");
        var json = new LinkedHashMap<String, Object>();
        json.put("core", core.number());
        json.put("vcpu", core.cpu());
        json.put("state", core.state());
        json.put("heartbeat", core.heartbeat());
        json.put("interrupts", core.interrupts());
        json.put("command_taken", core.commandTaken());
        json.put("process", core.process());
        if (!core.registers().isEmpty()) {
            var registers = new LinkedHashMap<String, Object>();
            core.registers().forEach((name, value) -> registers.put(name, DumpSymbols.hex(value)));
            json.put("registers", registers);
        }
        json.put("kernel_trace", kernelTrace(core));
        json.put(
                "program_trace",
                core.programTrace().stream()
                        .map(address -> symbols.program(address, maps))
                        .toList());
        return json;
    }

    private List<String> kernelTrace(PartitionDump.Core core) {
        var trace = new ArrayList<String>();
        Long rip = core.registers().get("rip");
        if (rip != null && rip < 0) { // the upper half is the kernel's
            trace.add(symbols.kernel(rip));
        }
        core.kernelTrace().forEach(address -> trace.add(symbols.kernel(address)));
        return trace;
    }

    private static Map<String, Object> thread(PartitionDump.Thread thread) {
        var json = new LinkedHashMap<String, Object>();
        json.put("slot", thread.slot());
        json.put("core", thread.core());
        json.put("process", thread.process());
        json.put("thread", thread.thread());
        json.put(
                thread.call() < FIRST_OWN_REQUEST ? "system_call" : "request",
                thread.call() < FIRST_OWN_REQUEST ? thread.call() : DumpSymbols.hex(thread.call()));
        json.put("waiting", thread.waiting());
        json.put("arguments", thread.arguments().stream().map(DumpSymbols::hex).toList());
        return json;
    }
}
