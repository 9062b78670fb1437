// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;

/**
 * Finds the file that a program name means, like a shell, for a guest that sees host folders only through mounts.
 *
 * <p>A path below a mount is that host file. Any other path is the guest's own: whether it is there, only the guest
 * knows. A bare name is looked for along PATH as far as its folders are mounted, then in the guest's {@code /bin}.
 */
final class ProgramLookup {
    private final String vm;
    private final List<Path> mounts;
    private final Path directory;

    /**
     * @param vm the VM's name, for messages
     * @param mounts host folders, absolute and without symbolic links
     * @param directory the caller's working directory, absolute
     */
    ProgramLookup(String vm, List<Path> mounts, Path directory) {
        this.vm = vm;
        this.mounts = List.copyOf(mounts);
        this.directory = directory;
    }

    /**
     * A program that was found.
     *
     * @param argument the program as the guest shall be told it
     * @param hostFile the file on the host, absent for the guest's own programs
     */
    record Program(String argument, Optional<Path> hostFile) {}

    Program find(String typed, String searchPath) {
        if (typed.isEmpty()) {
            throw notFound(typed).build();
        }
        return typed.indexOf('/') < 0 ? findAlongPath(typed, searchPath) : findPath(typed);
    }

    /** Refuses a working directory that the guest does not see. */
    void requireDirectory() {
        if (directory.equals(Path.of("/")) || isMounted(directory)) {
            return;
        }
        throw HvmException.of(ErrorCode.OUTSIDE_MOUNTS, "The working directory is outside the VM's mounts")
                .value(directory)
                .allowed(mountsInWords())
                .owner(vm)
                .hint("cd into a mount; or hvm run --cwd / ...; or hvm destroy " + vm + " && hvm launch from "
                        + directory)
                .build();
    }

    /** Where programs may be. */
    String places() {
        return mounts.isEmpty()
                ? "programs of the guest (/bin/busybox); the VM has no mounts"
                : "files below the mounts (" + mountsInWords() + "), programs of the guest (/bin/busybox)";
    }

    private HvmException.Builder notFound(String typed) {
        return HvmException.of(ErrorCode.PROGRAM_NOT_FOUND, "No such program")
                .value(typed.isEmpty() ? "(an empty name)" : typed)
                .allowed(places())
                .owner(vm);
    }

    private Program findPath(String typed) {
        Path absolute = absolute(typed);
        if (!isThere(absolute)) {
            if (isMounted(absolute.normalize())) {
                throw notFound(typed).build();
            }
            return new Program(absolute.normalize().toString(), Optional.empty());
        }
        Path real = real(absolute, typed);
        boolean seen = isMounted(absolute.normalize());
        if (isMounted(real)) {
            return new Program(seen ? typed : real.toString(), Optional.of(real));
        }
        if (seen) {
            throw HvmException.of(ErrorCode.OUTSIDE_MOUNTS, "The program is a link that leads out of the VM's mounts")
                    .value(typed + " -> " + real)
                    .allowed(mountsInWords())
                    .owner(vm)
                    .hint("copy the program itself below a mount")
                    .build();
        }
        return new Program(absolute.normalize().toString(), Optional.empty());
    }

    /** Not by Files.exists, which asks access(2): that has hvmd's rights in mind and not the caller's. */
    static boolean isThere(Path path) {
        try {
            Files.readAttributes(path, BasicFileAttributes.class);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private Program findAlongPath(String name, String searchPath) {
        for (String folder : searchPath.split(":")) {
            Path candidate = absolute(folder.isEmpty() ? "./" + name : folder + "/" + name);
            if (isMounted(candidate.normalize()) && Files.isRegularFile(candidate) && Files.isExecutable(candidate)) {
                return findPath(candidate.toString());
            }
        }
        return new Program("/bin/" + name, Optional.empty());
    }

    private Path absolute(String typed) {
        try {
            return directory.resolve(typed);
        } catch (InvalidPathException e) {
            throw notFound(typed).cause(e).build();
        }
    }

    private Path real(Path path, String typed) {
        try {
            return path.toRealPath();
        } catch (IOException e) {
            throw HvmException.of(ErrorCode.PROGRAM_NOT_RUNNABLE, "The program cannot be reached")
                    .value(typed + " (" + e.getMessage() + ")")
                    .cause(e)
                    .build();
        }
    }

    private boolean isMounted(Path path) {
        return mounts.stream().anyMatch(path::startsWith);
    }

    private String mountsInWords() {
        return mounts.isEmpty()
                ? "none, the VM has no mounts"
                : mounts.stream().map(Path::toString).collect(Collectors.joining(", "));
    }
}
