// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;

/**
 * Checks that a guest sees the files that a batch job's streams are: the job opens them there, by its own rights, through the
 * VM's mounts. Whether it may, only the guest knows.
 */
final class FileLookup {
    /** Devices that every guest has. */
    private static final Set<String> DEVICES = Set.of("/dev/null", "/dev/zero", "/dev/full");

    private final GuestMachine machine;

    FileLookup(GuestMachine machine) {
        this.machine = machine;
    }

    /** @throws HvmException if one of them is outside of the mounts, or an output is in one that is read-only */
    void require(BatchFacts facts) {
        if (!facts.stdin().isEmpty()) {
            requireSeen(facts.stdin());
        }
        requireWritable(facts.stdout());
        requireWritable(facts.stderr());
    }

    private void requireWritable(String file) {
        if (!DEVICES.contains(file) && machine.readOnlyMounts().contains(requireSeen(file))) {
            throw refusal("The job may not write there: the mount is read-only", file)
                    .hint("hvm submit --output FILE, below another mount; or a layout whose mount is writable")
                    .build();
        }
    }

    /** The mount that the file is below in truth; by its name it is below one, too. */
    private Path requireSeen(String file) {
        if (DEVICES.contains(file)) {
            return Path.of("/");
        }
        Optional<Path> mount = mountOf(Path.of(file)).flatMap(named -> mountOf(real(Path.of(file))));
        return mount.orElseThrow(() -> refusal("A file of the job is outside the VM's mounts", file)
                .hint("hvm submit --output FILE, below a mount, or /dev/null")
                .build());
    }

    private Optional<Path> mountOf(Path file) {
        return machine.mounts().stream().filter(file::startsWith).max(Comparator.comparingInt(Path::getNameCount));
    }

    /** Where links lead, as far as there is something. */
    private static Path real(Path file) {
        for (Path there = file; there != null; there = there.getParent()) {
            if (Files.exists(there)) {
                try {
                    return there.toRealPath().resolve(there.relativize(file)).normalize();
                } catch (IOException e) {
                    return file; // the guest will tell
                }
            }
        }
        return file;
    }

    private HvmException.Builder refusal(String what, String file) {
        String mounts = machine.mounts().stream()
                .filter(mount -> !machine.readOnlyMounts().contains(mount))
                .map(Path::toString)
                .collect(Collectors.joining(", "));
        return HvmException.of(ErrorCode.OUTSIDE_MOUNTS, what)
                .value(file)
                .allowed(mounts.isEmpty() ? "none, the VM has no writable mounts" : mounts)
                .owner(machine.name());
    }
}
