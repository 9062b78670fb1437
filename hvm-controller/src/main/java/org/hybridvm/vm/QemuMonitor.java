// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.libvirt.LibvirtException;
import org.libvirt.jna.ConnectionPointer;

/**
 * What only QEMU knows, asked through libvirt's hand on its monitor ({@code libvirt-qemu.so}, which libvirt-java does not
 * bind). A QEMU that does not answer keeps nobody waiting beyond the limit.
 */
final class QemuMonitor implements DumpMaker.Registers {
    private static final Duration LIMIT = Duration.ofSeconds(5);

    private final LibvirtConnection connection;

    QemuMonitor(LibvirtConnection connection) {
        this.connection = connection;
    }

    /** libvirt/libvirt-qemu.h. */
    interface LibvirtQemu extends Library {
        LibvirtQemu INSTANCE = Native.load("libvirt-qemu.so.0", LibvirtQemu.class);

        int virDomainQemuMonitorCommand(Pointer domain, String command, PointerByReference result, int flags);
    }

    /** libvirt/libvirt-domain.h, with domains as plain pointers. */
    interface LibvirtDomains extends Library {
        LibvirtDomains INSTANCE = Native.load("libvirt.so.0", LibvirtDomains.class);

        Pointer virDomainLookupByName(ConnectionPointer connection, String name);

        int virDomainFree(Pointer domain);
    }

    /**
     * A vCPU's registers as QEMU has them, also of one that takes not even an NMI.
     *
     * @throws IOException if QEMU does not tell
     */
    @Override
    public String registers(String domain, long cpu) throws IOException, InterruptedException {
        String command = Json.write(Map.of(
                "execute",
                "human-monitor-command",
                "arguments",
                Map.of("command-line", "info registers", "cpu-index", cpu)));
        try {
            return Bounded.call(
                    LIMIT,
                    "monitor " + domain,
                    () -> JsonObject.parse(ask(domain, command)).text("return").replace("\r", ""));
        } catch (TimeoutException e) {
            throw new IOException("QEMU's monitor has not answered for " + LIMIT.toSeconds() + " s", e);
        } catch (ExecutionException e) {
            throw new IOException("QEMU's monitor: " + e.getCause().getMessage(), e);
        }
    }

    private String ask(String name, String command) throws IOException, LibvirtException {
        Pointer domain = LibvirtDomains.INSTANCE.virDomainLookupByName(connection.pointer(), name);
        if (domain == null) {
            throw new IOException("libvirt has no domain " + name);
        }
        try {
            var result = new PointerByReference();
            if (LibvirtQemu.INSTANCE.virDomainQemuMonitorCommand(domain, command, result, 0) != 0) {
                throw new IOException("refused: " + command);
            }
            String text = result.getValue().getString(0);
            Native.free(Pointer.nativeValue(result.getValue()));
            return text;
        } finally {
            LibvirtDomains.INSTANCE.virDomainFree(domain);
        }
    }
}
