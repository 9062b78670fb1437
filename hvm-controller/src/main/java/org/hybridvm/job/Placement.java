// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.access.Caller;

/**
 * Where a job goes: the VM and the partition that a request means.
 *
 * @param partition has at least as many cores as were asked for
 */
record Placement(GuestMachine machine, GuestMachine.Partition partition) {
    /** @throws HvmException if no such place is up, or it is too small */
    static Placement of(GuestMachines machines, JobRequest request) {
        GuestMachine machine = machine(machines, request.vm());
        var placement = new Placement(machine, partition(machine, request));
        placement.requireCores(request.cores());
        return placement;
    }

    /** Where a job is that was placed before. */
    static Placement on(GuestMachine machine, JobRecord record) {
        return machine.partitions().stream()
                .filter(one -> one.name().equals(record.partition()) && one.cores() >= record.cores())
                .findFirst()
                .map(partition -> new Placement(machine, partition))
                .orElseThrow(
                        () -> HvmException.of(ErrorCode.NO_SUCH_PARTITION, "The job's partition is not there any more")
                                .value(record.partition())
                                .owner(machine.name())
                                .hint("hvm info " + machine.name())
                                .build());
    }

    /**
     * The VM of that name, or the one that is meant by none.
     *
     * @throws HvmException if there is none, or it takes no jobs now
     */
    static GuestMachine machine(GuestMachines machines, Optional<String> name) {
        if (name.isPresent()) {
            return machines.find(name.get()).orElseThrow(() -> noSuchVm(machines, name.get()));
        }
        List<GuestMachine> running = machines.running();
        if (running.isEmpty()) {
            throw HvmException.of(ErrorCode.NO_VM, "No VM is up")
                    .hint("hvm launch")
                    .build();
        }
        if (running.size() == 1) {
            return running.getFirst();
        }
        return running.stream()
                .filter(machine -> machine.name().equals(JobService.DEFAULT_VM))
                .findFirst()
                .orElseThrow(() -> HvmException.of(ErrorCode.VM_AMBIGUOUS, "Several VMs are up and none was named")
                        .allowed(names(running))
                        .hint("hvm run --vm " + running.getFirst().name() + " -- PROGRAM")
                        .build());
    }

    /** A program of the guest's own, which takes its HRT cores itself. */
    GuestCommand ownCommand(JobRequest request, Caller caller) {
        var arguments = new ArrayList<String>(List.of(request.program()));
        arguments.addAll(request.arguments());
        return new GuestCommand(
                partition.name(),
                PartitionKind.LINUX,
                request.cores(),
                Set.of(),
                arguments,
                request.environment(),
                request.directory().toString(),
                GuestCommand.Identity.of(request, caller));
    }

    /** A program as {@code lookup} finds it. */
    GuestCommand command(JobRequest request, ProgramLookup lookup, Caller caller) {
        var arguments = new ArrayList<String>(List.of(find(caller, lookup, request.program(), request.searchPath())));
        arguments.addAll(request.arguments());
        return new GuestCommand(
                partition.name(),
                partition.kind(),
                partition.kind() == PartitionKind.HRT ? request.cores() : 0,
                request.options(),
                arguments,
                request.environment(),
                request.directory().toString(),
                GuestCommand.Identity.of(request, caller));
    }

    /**
     * The program as the guest is told it.
     *
     * @param caller with whose rights files are looked at
     * @throws HvmException if it is not there or cannot be run, or the working directory is not the guest's
     */
    static String find(Caller caller, ProgramLookup lookup, String typed, String searchPath) {
        lookup.requireDirectory();
        return caller.look(() -> {
            ProgramLookup.Program program = lookup.find(typed, searchPath);
            program.hostFile().ifPresent(file -> ProgramCheck.requireRunnable(file, typed));
            return program.argument();
        });
    }

    HvmException noFreeCore(int cores, List<Integer> inTheWay) {
        return HvmException.of(ErrorCode.HOST_RESOURCES, "No HRT core is free")
                .value(coresOf(cores))
                .owner("job " + numbers(inTheWay))
                .hint("hvm jobs; hvm cancel " + inTheWay.getFirst() + "; or a layout with more cores")
                .build();
    }

    /** What a job waits for, in words. */
    String waiting(int cores, String inTheWay) {
        return "waits for " + coresOf(cores) + " (before it: " + inTheWay + ")";
    }

    private static GuestMachine.Partition partition(GuestMachine machine, JobRequest request) {
        List<GuestMachine.Partition> ofKind = machine.partitions().stream()
                .filter(partition -> partition.kind() == request.kind())
                .toList();
        return ofKind.stream()
                .filter(partition -> request.partition().isEmpty()
                        || partition.name().equals(request.partition().get()))
                .findFirst()
                .orElseThrow(() -> HvmException.of(ErrorCode.NO_SUCH_PARTITION, "No such partition")
                        .value(request.partition().orElse("an HRT partition"))
                        .allowed(ofKind.stream()
                                .map(GuestMachine.Partition::name)
                                .collect(Collectors.joining(", ")))
                        .owner(machine.name())
                        .hint("hvm info " + machine.name())
                        .build());
    }

    private void requireCores(int cores) {
        if (partition.kind() == PartitionKind.LINUX || (cores >= 1 && cores <= partition.cores())) {
            return;
        }
        throw HvmException.of(ErrorCode.TOO_MANY_CORES, "The partition does not have that many cores")
                .value(cores)
                .allowed(partition.cores() == 1 ? "1" : "1 to " + partition.cores())
                .owner(machine.name() + "/" + partition.name())
                .hint("hvm run --cores " + partition.cores() + " ..., or a layout with more cores")
                .build();
    }

    private String coresOf(int cores) {
        return "%d of %d cores of %s/%s".formatted(cores, partition.cores(), machine.name(), partition.name());
    }

    private static String numbers(List<Integer> jobs) {
        return jobs.stream().map(String::valueOf).collect(Collectors.joining(", "));
    }

    private static HvmException noSuchVm(GuestMachines machines, String name) {
        List<GuestMachine> running = machines.running();
        return HvmException.of(ErrorCode.NO_SUCH_VM, "No such VM is up")
                .value(name)
                .allowed(running.isEmpty() ? "none is up" : names(running))
                .hint("hvm list")
                .build();
    }

    private static String names(List<GuestMachine> machines) {
        return machines.stream().map(GuestMachine::name).collect(Collectors.joining(", "));
    }
}
