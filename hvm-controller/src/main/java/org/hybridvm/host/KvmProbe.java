// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Whether KVM really works here. {@code /dev/kvm} may open, answer the right version, and still be a variant that interprets
 * ring 0 so slowly (and incompletely) that no stock kernel gets through. So the processor must have the flag, and a probe
 * guest must count to 100,000 in ring 0 within 20 ms (docs/boot.md).
 */
public final class KvmProbe {
    private static final int ROUNDS = 100_000;
    private static final long LIMIT_NANOS = 20_000_000;
    private static final long GIVE_UP_SECONDS = 5;

    // linux/kvm.h
    private static final long KVM_GET_API_VERSION = 0xae00;
    private static final long KVM_CREATE_VM = 0xae01;
    private static final long KVM_GET_VCPU_MMAP_SIZE = 0xae04;
    private static final long KVM_CREATE_VCPU = 0xae41;
    private static final long KVM_SET_USER_MEMORY_REGION = 0x4020ae46L;
    private static final long KVM_RUN = 0xae80;
    private static final long KVM_SET_REGS = 0x4090ae82L;
    private static final long KVM_GET_SREGS = 0x8138ae83L;
    private static final long KVM_SET_SREGS = 0x4138ae84L;
    private static final int KVM_EXIT_HLT = 5;
    private static final int API_VERSION = 12;

    private static final long PAGE = 4096;
    private static final int RIP = 128; // struct kvm_regs
    private static final int RFLAGS = 136;
    private static final int CS = 0; // struct kvm_sregs
    private static final int CR0 = 224;
    private static final int SEGMENT_BASE = 0; // struct kvm_segment
    private static final int SEGMENT_SELECTOR = 12;
    private static final int SEGMENT_DB = 17;
    private static final int EXIT_REASON = 8; // struct kvm_run

    /** mov ecx, ROUNDS; dec ecx; jnz -3; hlt. */
    private static final byte[] CODE = {
        (byte) 0xb9, (byte) ROUNDS, (byte) (ROUNDS >> 8), (byte) (ROUNDS >> 16), 0, 0x49, 0x75, (byte) 0xfd, (byte) 0xf4
    };

    private KvmProbe() {}

    /**
     * The verdict.
     *
     * @param reason a sentence for a person, whichever way it went
     */
    public record Verdict(boolean usable, String reason) {}

    /** Takes milliseconds where KVM works, at most five seconds where it hangs. */
    public static Verdict run() {
        if (!Files.exists(Path.of("/dev/kvm"))) {
            return new Verdict(
                    false,
                    "there is no /dev/kvm (no virtualization in the processor or its firmware, or the"
                            + " module kvm_intel or kvm_amd is not loaded)");
        }
        if (!Files.isReadable(Path.of("/dev/kvm")) || !Files.isWritable(Path.of("/dev/kvm"))) {
            return new Verdict(false, "/dev/kvm may not be opened by this user (group kvm)");
        }
        if (!processorHasFlag()) {
            return new Verdict(
                    false, "/dev/kvm is there, but the processor has neither vmx nor svm: a software variant");
        }
        var probe = new CompletableFuture<Verdict>();
        Thread.ofPlatform().daemon().name("kvm-probe").start(() -> {
            try {
                probe.complete(count());
            } catch (RuntimeException e) {
                probe.complete(new Verdict(false, "the KVM probe failed: " + e.getMessage()));
            }
        });
        return probe.completeOnTimeout(
                        new Verdict(false, "the KVM probe guest hung"), GIVE_UP_SECONDS, TimeUnit.SECONDS)
                .join();
    }

    private static boolean processorHasFlag() {
        try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("flags"))
                    .findFirst()
                    .map(line -> (line + " ").contains(" vmx ") || (line + " ").contains(" svm "))
                    .orElse(false);
        } catch (IOException e) {
            return false;
        }
    }

    private static Verdict count() {
        long nanos = runLoop();
        return nanos <= LIMIT_NANOS
                ? new Verdict(true, "KVM works: %,d rounds in ring 0 took %.1f ms".formatted(ROUNDS, nanos / 1e6))
                : new Verdict(
                        false,
                        "KVM is too slow to use: %,d rounds in ring 0 took %.0f ms, at most %.0f are expected"
                                .formatted(ROUNDS, nanos / 1e6, LIMIT_NANOS / 1e6));
    }

    static long runLoop() {
        int kvm = fd(Posix.open("/dev/kvm", Posix.O_RDWR_CLOEXEC), "/dev/kvm");
        int vm = -1;
        int vcpu = -1;
        try {
            if (Posix.ioctl(kvm, KVM_GET_API_VERSION, 0).value() != API_VERSION) {
                throw new IllegalStateException("its API is not version " + API_VERSION);
            }
            vm = fd(Posix.ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
            long memory = address(Posix.mmap(PAGE, Posix.MAP_PRIVATE_ANONYMOUS, -1));
            at(memory, PAGE).asSlice(0, CODE.length).copyFrom(MemorySegment.ofArray(CODE));
            try (var arena = java.lang.foreign.Arena.ofConfined()) {
                MemorySegment region = arena.allocate(32, 8);
                region.set(ValueLayout.JAVA_LONG, 8, PAGE); // guest physical address
                region.set(ValueLayout.JAVA_LONG, 16, PAGE);
                region.set(ValueLayout.JAVA_LONG, 24, memory);
                check(Posix.ioctl(vm, KVM_SET_USER_MEMORY_REGION, region.address()), "KVM_SET_USER_MEMORY_REGION");
                vcpu = fd(Posix.ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
                MemorySegment special = arena.allocate(512, 8);
                check(Posix.ioctl(vcpu, KVM_GET_SREGS, special.address()), "KVM_GET_SREGS");
                special.set(ValueLayout.JAVA_LONG, CS + SEGMENT_BASE, 0);
                special.set(ValueLayout.JAVA_SHORT, CS + SEGMENT_SELECTOR, (short) 8);
                special.set(ValueLayout.JAVA_BYTE, CS + SEGMENT_DB, (byte) 1);
                special.set(ValueLayout.JAVA_LONG, CR0, special.get(ValueLayout.JAVA_LONG, CR0) | 1);
                check(Posix.ioctl(vcpu, KVM_SET_SREGS, special.address()), "KVM_SET_SREGS");
                MemorySegment general = arena.allocate(144, 8);
                general.set(ValueLayout.JAVA_LONG, RIP, PAGE);
                general.set(ValueLayout.JAVA_LONG, RFLAGS, 2);
                check(Posix.ioctl(vcpu, KVM_SET_REGS, general.address()), "KVM_SET_REGS");
            }
            long size = Posix.ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0).value();
            long shared = address(Posix.mmap(size, Posix.MAP_SHARED, vcpu));
            long start = System.nanoTime();
            check(Posix.ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
            long nanos = System.nanoTime() - start;
            int reason = at(shared, size).get(ValueLayout.JAVA_INT, EXIT_REASON);
            Posix.munmap(shared, size);
            Posix.munmap(memory, PAGE);
            if (reason != KVM_EXIT_HLT) {
                throw new IllegalStateException("the probe guest stopped for reason " + reason);
            }
            return nanos;
        } finally {
            for (int fd : new int[] {vcpu, vm, kvm}) {
                if (fd >= 0) {
                    Posix.close(fd);
                }
            }
        }
    }

    @SuppressWarnings("restricted") // mapped by the calls above, with this size
    private static MemorySegment at(long address, long size) {
        return MemorySegment.ofAddress(address).reinterpret(size);
    }

    private static int fd(Posix.Result result, String what) {
        check(result, what);
        return (int) result.value();
    }

    private static long address(Posix.Result result) {
        check(result, "mmap");
        return result.value();
    }

    private static void check(Posix.Result result, String what) {
        if (result.failed()) {
            throw new IllegalStateException(what + ": errno " + result.errno());
        }
    }
}
