// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.hybridvm.host.HostChecks.Check;
import org.hybridvm.host.HostChecks.Status;

/**
 * Whether this process takes its classes from a cache that was made ahead of time, and if not what makes one: a package's
 * installation does it once, a tree's {@code scripts/hvm} beside its command.
 */
final class CacheCheck {
    private static final String NAME = "cache of classes";
    private static final String OPTION = "-XX:AOTCache=";

    /** Of a package, beside its JVM. */
    private static final String TRAINER = "train-caches";

    private static final Path CACHES = Path.of("/var/cache/hvm");

    /** How a JVM calls itself that uses a cache ({@code java.vm.info}). */
    private static final String SHARING = "sharing";

    private final List<String> arguments;
    private final String jvm;
    private final Path trainer;

    /**
     * @param arguments of the process
     * @param jvm what the JVM says of itself, {@code java.vm.info}
     * @param javaHome the JVM's folder
     */
    CacheCheck(List<String> arguments, String jvm, Path javaHome) {
        this.arguments = arguments;
        this.jvm = jvm;
        this.trainer = javaHome.resolveSibling(TRAINER);
    }

    static CacheCheck ofThisProcess() {
        return new CacheCheck(
                ProcessHandle.current().info().arguments().map(List::of).orElse(List.of()),
                System.getProperty("java.vm.info", ""),
                Path.of(System.getProperty("java.home")));
    }

    Check run() {
        Optional<String> cache = arguments.stream()
                .filter(argument -> argument.startsWith(OPTION))
                .map(argument -> argument.substring(OPTION.length()))
                .findFirst();
        if (cache.isEmpty()) {
            return warn("none is used");
        }
        if (!Files.exists(Path.of(cache.get()))) {
            return warn(cache.get() + " is gone");
        }
        return jvm.contains(SHARING)
                ? new Check(NAME, Status.OK, cache.get(), Optional.empty())
                : warn(cache.get() + " does not fit this JVM or these jars");
    }

    private Check warn(String found) {
        return new Check(NAME, Status.WARN, found + ": hvmd and hvm start slower", Optional.of(mend()));
    }

    private String mend() {
        if (!Files.exists(trainer)) {
            return "scripts/hvm makes it by itself at a terminal; scripts/train-caches to see why not; then hvm daemon stop";
        }
        Path lib = trainer.getParent();
        return "as root: %s %s %s/runtime/bin/java @%s/hvm.options @%s/class-path && systemctl restart hvmd; "
                        .formatted(trainer, CACHES, lib, lib, lib)
                + "VMs and jobs go on";
    }
}
