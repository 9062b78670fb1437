// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.nio.file.Path;
import java.util.Optional;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.access.Caller;
import org.hybridvm.host.FileRights;
import org.hybridvm.layout.Layout;

/**
 * What a layout names of the host, its caller must be able to reach himself: hvmd, which does it for him, may be root. To be
 * called with his rights ({@link Caller#look}).
 */
final class LayoutRights {
    private final Layout layout;
    private final Caller caller;

    private LayoutRights(Layout layout, Caller caller) {
        this.layout = layout;
        this.caller = caller;
    }

    /** @throws HvmException {@link ErrorCode#HOST_PERMISSION} */
    static void require(Layout layout, Caller caller) {
        var rights = new LayoutRights(layout, caller);
        rights.requireRead("linux.kernel", layout.linux().kernel());
        rights.requireRead("linux.initramfs", layout.linux().initramfs());
        rights.requireRead("linux.rootfs", layout.linux().rootFs().file());
        layout.partitions().forEach(partition -> rights.requireRead("partitions.image", partition.image()));
        layout.mounts().forEach(rights::requireMount);
    }

    private void requireRead(String field, Optional<Path> file) {
        if (file.isPresent() && !FileRights.mayRead(file.get())) {
            throw refuse(
                    "The caller may not read a file that the layout names",
                    field,
                    file.get(),
                    "a file that he may read");
        }
    }

    private void requireMount(Layout.Mount mount) {
        if (!FileRights.mayEnter(mount.source())) {
            throw refuse(
                    "The caller may not enter a folder that the layout mounts",
                    "mounts",
                    mount.source(),
                    "a folder that he may enter");
        }
        if (!mount.readOnly() && !FileRights.mayChange(mount.source())) {
            throw refuse(
                    "The caller may not write to a folder that the layout mounts to be written to",
                    "mounts",
                    mount.source(),
                    "a folder that he may write to, or {source: " + mount.source() + ", readonly: true}");
        }
    }

    private HvmException refuse(String what, String field, Path path, String allowed) {
        return HvmException.of(ErrorCode.HOST_PERMISSION, what)
                .field(field)
                .value(path + " (as " + caller.name() + ")")
                .allowed(allowed)
                .owner(layout.name())
                .hint("ls -ld " + path + "; docs/access.md")
                .build();
    }
}
