// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.hybridvm.job.AgentGreeting;
import org.hybridvm.job.GuestCommand;
import org.hybridvm.job.GuestMachine;
import org.hybridvm.job.GuestProcess;
import org.hybridvm.job.HrtCounters;
import org.hybridvm.job.JobKey;
import org.hybridvm.job.JobUsage;
import org.hybridvm.job.PartitionKind;
import org.hybridvm.layout.Layout;
import org.hybridvm.vm.VmManager;
import org.hybridvm.vm.VmView;

/** A VM as jobs see it. */
final class NodeMachine implements GuestMachine {
    private final VmView view;
    private final VmManager manager;

    NodeMachine(VmView view, VmManager manager) {
        this.view = view;
        this.manager = manager;
    }

    @Override
    public String name() {
        return view.name();
    }

    @Override
    public List<Partition> partitions() {
        var partitions = new ArrayList<Partition>();
        partitions.add(new Partition(
                HrtPartitions.LINUX, PartitionKind.LINUX, view.layout().linux().cores()));
        view.layout()
                .partitions()
                .forEach(hrt -> partitions.add(new Partition(hrt.name(), PartitionKind.HRT, hrt.cores())));
        return partitions;
    }

    @Override
    public List<Path> mounts() {
        return view.layout().mounts().stream().map(Layout.Mount::source).toList();
    }

    @Override
    public List<Path> readOnlyMounts() {
        return view.layout().mounts().stream()
                .filter(Layout.Mount::readOnly)
                .map(Layout.Mount::source)
                .toList();
    }

    @Override
    public AgentGreeting greeting() {
        return view.guest().orElseGet(() -> manager.requireGuest(name())).greeting();
    }

    @Override
    public GuestProcess start(JobKey key, GuestCommand command, GuestProcess.Listener listener) {
        return manager.requireGuest(name()).start(key, withWaitPolicy(command), listener);
    }

    @Override
    public GuestProcess attach(JobKey key, String partition, long reports, GuestProcess.Listener listener) {
        return view.guest().orElseThrow().attach(key, partition, reports, listener);
    }

    @Override
    public HrtCounters counters(JobKey key) {
        return manager.requireGuest(name()).counters(key);
    }

    @Override
    public Optional<JobUsage> usage(JobKey key) {
        return manager.requireGuest(name()).usage(key);
    }

    @Override
    public void release(JobKey key) {
        view.guest().orElseThrow().release(key);
    }

    /** Threads that wait by polling, on vCPUs that share a host core, would wait for each other's time slices. */
    private GuestCommand withWaitPolicy(GuestCommand command) {
        boolean shared = view.placement().isCrowded() || view.layout().host().policy() == Layout.Policy.SHARED;
        return shared && command.cores() > 1 ? command.withDefault("OMP_WAIT_POLICY", "passive") : command;
    }
}
