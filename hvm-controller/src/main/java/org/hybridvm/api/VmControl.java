// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.hybridvm.HvmException;
import org.hybridvm.access.Caller;
import org.hybridvm.host.HostChecks;
import org.hybridvm.vm.BootObserver;
import org.hybridvm.vm.Console;
import org.hybridvm.vm.NodeLoad;

/**
 * What the API needs of the VMs of this node, facts as JSON objects. Calls block, for seconds at times, so never from an
 * event loop; refusals are {@link HvmException}s.
 */
public interface VmControl {
    /** All VMs, running or not. */
    List<Map<String, Object>> list();

    Map<String, Object> info(String vm);

    /** The VMs that a caller may know of. */
    Set<String> names(Caller caller);

    /** What the layout declares, defaults filled in; refuses what is wrong by its line and column. */
    Map<String, Object> validate(LayoutSource source);

    /** The same of a file with a layout in each of its documents. */
    List<Map<String, Object>> validateAll(LayoutSource source);

    /** Makes a VM and waits until it is ready; answers its facts. */
    Map<String, Object> launch(LayoutSource source, BootObserver observer);

    void destroy(String vm);

    /** VMs as layouts declare them. */
    LayoutControl layouts();

    /** Boots an HRT partition anew; answers its state and the time it took. */
    Map<String, Object> reboot(String vm, String partition, boolean force);

    /** The HRT modules of a partition: {@code {"modules": [...]}}. */
    Map<String, Object> modules(String vm, String partition);

    /**
     * Loads an HRT module; answers all of the partition.
     *
     * @param file on the host, absolute, below a mount of the VM
     * @param caller who must be able to read it
     */
    Map<String, Object> loadModule(String vm, String partition, Path file, Caller caller);

    /** Unloads an HRT module; answers those that are left. */
    Map<String, Object> unloadModule(String vm, String partition, String module);

    /** @param kind kernel, console, qemu or hrt: that of a partition, by default the first */
    String log(String vm, String kind, Optional<String> partition);

    /** The dumps of HRT partitions that hung or failed, oldest first. */
    List<Map<String, Object>> dumps();

    /** One of them, with its texts under {@code files}. */
    Map<String, Object> dump(int number);

    /** The file that the VM's serial console is written to. */
    Path console(String vm);

    /** The VM's serial console, both ways. */
    Console openConsole(String vm);

    /** The file of the memory that the VM shares with this host; refused if the VM is not up. */
    Path window(String vm);

    /** What was looked at on this host, and what it lacks. */
    List<HostChecks.Check> doctor();

    /** Why VMs cannot be managed now; empty while libvirt is connected and running VMs are adopted. Does not block. */
    Optional<HvmException> obstacle();

    /** Whether it is known which VMs there are; until then calls wait. That libvirt is lost afterwards changes nothing. */
    boolean isOpen();

    /** What the host's cores and the VMs on them have done so far. Guests that do not answer are left out. */
    NodeLoad load();

    /** Versions of what VMs are made with. */
    Map<String, Object> versions();

    /**
     * Where a layout comes from.
     *
     * @param text YAML, or empty for the default VM
     * @param file its name, for messages
     * @param folder the caller's working directory: default of the mounts, start of relative paths
     * @param caller with whose rights files and folders are looked at
     */
    record LayoutSource(Optional<String> text, String file, Path folder, Caller caller) {}
}
