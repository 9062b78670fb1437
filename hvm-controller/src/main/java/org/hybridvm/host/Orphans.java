// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reaps QEMU and its helpers. libvirt's embedded driver starts them as daemons; whoever is their reaper must collect them,
 * or libvirt waits for zombies to vanish: seconds where this takes a twentieth of one. So hvmd makes itself the reaper.
 *
 * <p>Only children that are zombies and that Java did not start are touched.
 */
public final class Orphans {
    private static final Logger LOG = LoggerFactory.getLogger(Orphans.class);
    private static final long PERIOD_MILLIS = 20;

    private Orphans() {}

    /** From now on, for the life of this process, on a thread of its own. */
    public static void reapForEver() {
        Posix.Result result = Posix.prctl(Posix.PR_SET_CHILD_SUBREAPER, 1);
        if (result.failed()) {
            LOG.warn("prctl(PR_SET_CHILD_SUBREAPER) failed, VMs end more slowly errno={}", result.errno());
            return;
        }
        long self = ProcessHandle.current().pid();
        Path children = Path.of("/proc/" + self + "/task/" + self + "/children");
        Thread.ofPlatform().daemon().name("orphans").start(() -> {
            while (true) {
                try {
                    Thread.sleep(PERIOD_MILLIS);
                    reapOnce(children);
                } catch (InterruptedException e) {
                    return;
                } catch (IOException e) {
                    LOG.debug("children cannot be listed", e);
                }
            }
        });
    }

    private static void reapOnce(Path children) throws IOException {
        for (String pid : Files.readString(children).split(" ")) {
            if (!pid.isBlank() && isForeignZombie(pid)) {
                Posix.waitpid(Integer.parseInt(pid), Posix.WNOHANG);
            }
        }
    }

    private static boolean isForeignZombie(String pid) {
        try {
            String status = Files.readString(Path.of("/proc/" + pid + "/stat"));
            String name = status.substring(status.indexOf('(') + 1, status.lastIndexOf(')'));
            boolean zombie = status.charAt(status.lastIndexOf(')') + 2) == 'Z';
            return zombie && (name.startsWith("qemu") || name.startsWith("virtiofsd"));
        } catch (IOException e) {
            return false; // gone
        }
    }
}
