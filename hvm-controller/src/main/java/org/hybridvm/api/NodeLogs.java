// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.vm.VmView;

/** The logs of VMs: some are files of this host, for the others the guest is asked. */
final class NodeLogs {
    private final NodeManager node;

    NodeLogs(NodeManager node) {
        this.node = node;
    }

    /** @param kind kernel, console, qemu or hrt: that of a partition, by default the first */
    String read(String vm, String kind, Optional<String> partition) {
        VmView view = node.get().require(vm);
        return switch (kind) {
            case "kernel" -> node.get().requireGuest(vm).kernelLog();
            case "hrt" -> node.get().requireGuest(vm).hrtLog(HrtPartitions.orFirst(view, partition));
            case "console" -> read(view.console(), vm);
            case "qemu" -> read(node.get().qemuLog(vm), vm);
            default ->
                throw HvmException.of(ErrorCode.NO_SUCH_LOG, "No such log")
                        .value(kind)
                        .allowed("kernel, console, qemu, hrt")
                        .owner(vm)
                        .build();
        };
    }

    private static String read(Path file, String vm) {
        try {
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            throw HvmException.of(ErrorCode.NO_SUCH_LOG, "There is no such log yet")
                    .value(file)
                    .owner(vm)
                    .cause(e)
                    .build();
        } catch (IOException e) {
            throw HvmException.of(ErrorCode.HOST_PERMISSION, "The log cannot be read")
                    .value(file + " (" + e.getMessage() + ")")
                    .owner(vm)
                    .cause(e)
                    .build();
        }
    }
}
