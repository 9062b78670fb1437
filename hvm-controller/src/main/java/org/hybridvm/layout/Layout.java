// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.hybridvm.access.AccessRules;
import org.hybridvm.access.Caller;
import org.hybridvm.access.Role;
import org.hybridvm.ipc.WindowDescriptor;

/**
 * What a VM is to be: the YAML of an admin, read and checked, every default filled in. Immutable.
 *
 * @param name of the VM: letters, digits and hyphens, unique on its node
 * @param memory of the whole guest, bytes
 * @param linux the Linux partition
 * @param partitions the HRT partitions, at least one
 * @param host what of the host it gets
 * @param mounts host folders that the guest sees at the same path
 * @param machine the machine type
 * @param acceleration how the guest's instructions run
 * @param consoleLimit how much of the serial console's output is kept, bytes
 * @param window memory that host and guest share, bytes: a power of two
 * @param bootLimits how long phases of the boot may take; those that are not there have their defaults
 * @param access which users may know of it and run jobs on it, beside operators; empty: all whom hvmd serves
 */
public record Layout(
        String name,
        long memory,
        Linux linux,
        List<Hrt> partitions,
        Host host,
        List<Mount> mounts,
        Machine machine,
        Acceleration acceleration,
        long consoleLimit,
        long window,
        Map<BootPhase, Duration> bootLimits,
        Optional<AccessRules.Members> access) {
    public static final String DEFAULT_NAME = "default";
    public static final long DEFAULT_MEMORY = 2L << 30;
    public static final int DEFAULT_LINUX_CORES = 1;
    public static final String DEFAULT_PARTITION = "hrt";
    public static final int DEFAULT_HRT_CORES = 1;
    public static final long DEFAULT_HRT_MEMORY = 64L << 20;
    public static final long DEFAULT_CONSOLE_LIMIT = 1L << 20;
    public static final long DEFAULT_WINDOW = 16L << 20;

    /** Partition memory is cut out of the guest's by multiples of a large page (hvm/partition.h, HVM_MEMORY_ALIGN). */
    public static final long HRT_MEMORY_UNIT = 2L << 20;

    /** hvm/partition.h, HVM_MEMORY_MIN. */
    public static final long MIN_HRT_MEMORY = 16L << 20;

    /** hvm/partition.h, HVM_MEMORY_MAX. */
    public static final long MAX_HRT_MEMORY = 256L << 30;

    /** hvm/window.h, HVM_WINDOW_SIZE_MIN. */
    public static final long MIN_WINDOW = WindowDescriptor.WINDOW_SIZE_MIN;

    /** hvm/window.h, HVM_WINDOW_SIZE_MAX. */
    public static final long MAX_WINDOW = WindowDescriptor.WINDOW_SIZE_MAX;

    /** hvm/partition.h, HVM_MAX_CORES. */
    public static final int MAX_HRT_CORES = 64;

    public Layout {
        partitions = List.copyOf(partitions);
        mounts = List.copyOf(mounts);
        bootLimits = Map.copyOf(bootLimits);
    }

    /** With the default limits of the boot's phases, for all users. */
    public Layout(
            String name,
            long memory,
            Linux linux,
            List<Hrt> partitions,
            Host host,
            List<Mount> mounts,
            Machine machine,
            Acceleration acceleration,
            long consoleLimit,
            long window) {
        this(
                name,
                memory,
                linux,
                partitions,
                host,
                mounts,
                machine,
                acceleration,
                consoleLimit,
                window,
                Map.of(),
                Optional.empty());
    }

    /** Whether a caller may know of the VM and run jobs on it. May wait for a network (LDAP). */
    public boolean admits(Caller caller) {
        return caller.has(Role.OPERATOR)
                || access.map(members -> members.include(caller)).orElse(true);
    }

    /** All vCPUs: Linux's first, then those of the HRT partitions in order. */
    public int vcpus() {
        return linux.cores() + partitions.stream().mapToInt(Hrt::cores).sum();
    }

    /**
     * The Linux partition.
     *
     * @param kernel an uncompressed vmlinux or a bzImage; empty: the project's
     * @param initramfs empty: the project's
     * @param rootFs what programs see as their root
     * @param commandLine further words for the kernel
     */
    public record Linux(
            int cores, Optional<Path> kernel, Optional<Path> initramfs, RootFs rootFs, String commandLine) {}

    /**
     * The root file system that a guest's programs see.
     *
     * @param file an image, for {@link Choice#FILE} only
     */
    public record RootFs(Choice choice, Optional<Path> file) {
        public static final RootFs AUTO = new RootFs(Choice.AUTO, Optional.empty());
        public static final RootFs STANDARD = new RootFs(Choice.STANDARD, Optional.empty());
        public static final RootFs NONE = new RootFs(Choice.NONE, Optional.empty());

        public static RootFs of(Path image) {
            return new RootFs(Choice.FILE, Optional.of(image));
        }

        /** Where it comes from. */
        public enum Choice {
            /** The project's if it was built, else none. */
            AUTO,
            /** The project's, made of Debian packages. */
            STANDARD,
            /** Programs see the initramfs: busybox, no libraries. */
            NONE,
            FILE
        }
    }

    /**
     * An HRT partition.
     *
     * @param memory its own, bytes
     * @param image its aerokernel; empty: the project's
     * @param privilege what its programs may do
     * @param health how its life is watched
     */
    public record Hrt(String name, int cores, long memory, Optional<Path> image, Privilege privilege, Health health) {
        /** Watched as by default. */
        public Hrt(String name, int cores, long memory, Optional<Path> image, Privilege privilege) {
            this(name, cores, memory, image, privilege, Health.DEFAULT);
        }

        /** With the project's aerokernel, and programs in ring 0. */
        public Hrt(String name, int cores, long memory) {
            this(name, cores, memory, Optional.empty(), Privilege.KERNEL);
        }
    }

    /** In which ring programs of an HRT partition run. */
    public enum Privilege {
        /** Ring 0, as the aerokernel: the quickest; they can corrupt their VM. */
        KERNEL,
        /** Ring 3: they reach their own memory only. */
        USER
    }

    /**
     * Where on the host a VM lies.
     *
     * @param policy whether HRT vCPUs have host cores for themselves
     * @param cores host cores for the vCPUs in order (Linux first); empty: hvmd chooses
     * @param numa the NUMA node of its cores and memory; empty: hvmd chooses
     * @param hugepages what its memory is made of
     * @param siblings what becomes of the other threads of an HRT core's physical core
     * @param housekeeping host cores of QEMU's own threads; empty: hvmd chooses
     */
    public record Host(
            Policy policy,
            List<Integer> cores,
            Optional<Integer> numa,
            Hugepages hugepages,
            Siblings siblings,
            List<Integer> housekeeping) {
        /** hvmd chooses all. */
        public static final Host AUTO =
                new Host(Policy.DEDICATED, List.of(), Optional.empty(), Hugepages.NONE, Siblings.TOGETHER, List.of());

        public Host {
            cores = List.copyOf(cores);
            housekeeping = List.copyOf(housekeeping);
        }
    }

    /** Nova's words for it (hw:cpu_policy). */
    public enum Policy {
        /** Each HRT vCPU has a host core that nobody else runs on. */
        DEDICATED,
        /** All vCPUs run on cores that other VMs run on as well. */
        SHARED
    }

    /** Which of the host's pages a guest's memory is made of. */
    public enum Hugepages {
        NONE("none", 0),
        MIB2("2MiB", 2L << 20),
        GIB1("1GiB", 1L << 30);

        private final String word;
        private final long size;

        Hugepages(String word, long size) {
            this.word = word;
            this.size = size;
        }

        /** Bytes of a page; 0: the host's ordinary pages. */
        public long size() {
            return size;
        }

        @Override
        public String toString() {
            return word;
        }
    }

    /** What becomes of a physical core's other threads (SMT) when an HRT vCPU has one of them. */
    public enum Siblings {
        /** They are this VM's as well: its HRT vCPUs fill physical cores, and no other VM gets what is left. */
        TOGETHER,
        /** Each HRT vCPU has a physical core, whose other threads stay idle. */
        APART,
        /** Threads count as cores; another VM may have them. */
        ANY
    }

    /** A host folder, shown to the guest at the same path. */
    public record Mount(Path source, boolean readOnly) {}

    /** QEMU's machine type. */
    public enum Machine {
        AUTO,
        Q35,
        PC
    }

    /** How instructions of the guest run: AUTO takes KVM where it really works. */
    public enum Acceleration {
        AUTO,
        KVM,
        TCG
    }
}
