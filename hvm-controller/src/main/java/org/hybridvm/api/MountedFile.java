// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.host.FileRights;
import org.hybridvm.layout.Layout;
import org.hybridvm.vm.VmView;

/** A host file that a guest shall read: it must lie below one of the VM's mounts, which have the same path there. */
final class MountedFile {
    private MountedFile() {}

    /** Its path in the guest, without links. To be called with the rights of the caller, who must be able to read it. */
    static String of(VmView vm, Path file) {
        Path real = real(file);
        List<Path> mounts =
                vm.layout().mounts().stream().map(Layout.Mount::source).toList();
        if (mounts.stream().anyMatch(real::startsWith)) {
            return real.toString();
        }
        throw HvmException.of(ErrorCode.OUTSIDE_MOUNTS, "The file is outside the VM's mounts")
                .value(real)
                .allowed(
                        mounts.isEmpty()
                                ? "none, the VM has no mounts"
                                : mounts.stream().map(Path::toString).collect(Collectors.joining(", ")))
                .owner(vm.name())
                .hint("copy it below a mount")
                .build();
    }

    private static Path real(Path file) {
        try {
            Path real = file.toRealPath();
            if (Files.isRegularFile(real) && !FileRights.mayRead(real)) {
                throw refuse(file, "the caller may not read it", null);
            }
            if (Files.isRegularFile(real)) {
                return real;
            }
            throw refuse(file, "it is no regular file", null);
        } catch (IOException e) {
            throw refuse(file, Files.exists(file) ? e.getMessage() : "there is no such file", e);
        }
    }

    private static HvmException refuse(Path file, String why, IOException cause) {
        return HvmException.of(ErrorCode.INVALID_REQUEST, "The file cannot be read")
                .value(file + " (" + why + ")")
                .allowed("a readable file below a mount of the VM")
                .cause(cause)
                .build();
    }
}
