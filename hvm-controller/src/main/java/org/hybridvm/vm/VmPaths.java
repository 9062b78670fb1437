// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/** What belongs to a VM is called: its sockets, the file of its window, its domain in libvirt. */
final class VmPaths {
    private final Path sockets;

    /** @param sockets the folder of all VMs' sockets */
    VmPaths(Path sockets) {
        this.sockets = sockets;
    }
    /** The folder of all VMs' sockets. */
    Path sockets() {
        return sockets;
    }

    Path console(VmRecord record) {
        return sockets.resolve(record.layout().name() + ".console");
    }

    Path agent(VmRecord record) {
        return sockets.resolve(record.layout().name() + ".agent");
    }

    /** One for each mount, in order. */
    List<Path> mounts(VmRecord record) {
        return IntStream.range(0, record.layout().mounts().size())
                .mapToObj(index -> sockets.resolve(record.layout().name() + ".mount" + index))
                .toList();
    }

    /** The file of the memory that host and guest share. */
    static Path window(VmRecord record) {
        return SharedMemory.file(windowName(record));
    }

    static String windowName(VmRecord record) {
        return SharedMemory.name(record.uuid());
    }

    static String domain(Vm vm) {
        return domain(vm.name());
    }

    static String domain(String vm) {
        return "hvm-" + vm;
    }
}
