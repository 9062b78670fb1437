// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/** The few calls of the C library that Java has no words for. Every one answers as in C; {@code errno} is captured. */
@SuppressWarnings("restricted") // the JVM is started with --enable-native-access
final class Posix {
    static final int O_RDWR_CLOEXEC = 02 | 02000000;
    static final int PROT_READ_WRITE = 3;
    static final int MAP_SHARED = 1;
    static final int MAP_PRIVATE_ANONYMOUS = 0x22;
    static final int PR_SET_CHILD_SUBREAPER = 36;
    static final int WNOHANG = 1;
    static final int EFD_CLOEXEC = 02000000;
    static final int EINTR = 4;

    /** asm/unistd_64.h; glibc has had a function for it only since 2.36. */
    private static final long SYS_PIDFD_OPEN = 434;

    private static final short POLLIN = 1;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO =
            STATE.varHandle(java.lang.foreign.MemoryLayout.PathElement.groupElement("errno"));
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

    private static final MethodHandle OPEN =
            variadic("open", 2, FunctionDescriptor.of(INT, ValueLayout.ADDRESS, INT, INT));
    private static final MethodHandle CLOSE = plain("close", FunctionDescriptor.of(INT, INT));
    private static final MethodHandle IOCTL = variadic("ioctl", 2, FunctionDescriptor.of(INT, INT, LONG, LONG));
    private static final MethodHandle MMAP =
            plain("mmap", FunctionDescriptor.of(LONG, LONG, LONG, INT, INT, INT, LONG));
    private static final MethodHandle MUNMAP = plain("munmap", FunctionDescriptor.of(INT, LONG, LONG));
    private static final MethodHandle PRCTL = variadic("prctl", 1, FunctionDescriptor.of(INT, INT, LONG));
    private static final MethodHandle GETPPID =
            LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow("getppid"), FunctionDescriptor.of(INT));
    private static final MethodHandle EVENTFD = plain("eventfd", FunctionDescriptor.of(INT, INT, INT));
    private static final MethodHandle EVENTFD_READ = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("eventfd_read"), FunctionDescriptor.of(INT, INT, ValueLayout.ADDRESS));
    private static final MethodHandle EVENTFD_WRITE = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("eventfd_write"), FunctionDescriptor.of(INT, INT, LONG));
    private static final MethodHandle SYSCALL = variadic("syscall", 1, FunctionDescriptor.of(LONG, LONG, LONG, LONG));
    private static final MethodHandle POLL = plain("poll", FunctionDescriptor.of(INT, ValueLayout.ADDRESS, LONG, INT));
    private static final MethodHandle WAITPID = plain("waitpid", FunctionDescriptor.of(INT, INT, LONG, INT));

    private Posix() {}

    /** A result that says {@code -1}, and why. */
    record Result(long value, int errno) {
        boolean failed() {
            return value == -1;
        }
    }

    static Result open(String path, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            return result((int) OPEN.invokeExact(state, arena.allocateFrom(path), flags, 0), state);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    static void close(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            int ignored = (int) CLOSE.invokeExact(arena.allocate(STATE), fd);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    static Result ioctl(int fd, long request, long argument) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            return result((int) IOCTL.invokeExact(state, fd, request, argument), state);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    static Result mmap(long size, int flags, int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            return result((long) MMAP.invokeExact(state, 0L, size, PROT_READ_WRITE, flags, fd, 0L), state);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    static void munmap(long address, long size) {
        try (Arena arena = Arena.ofConfined()) {
            int ignored = (int) MUNMAP.invokeExact(arena.allocate(STATE), address, size);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    static Result prctl(int option, long argument) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            return result((int) PRCTL.invokeExact(state, option, argument), state);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    static Result waitpid(int pid, int options) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            return result((int) WAITPID.invokeExact(state, pid, 0L, options), state);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** A descriptor of a process: pidfd_open(2). It is closed over execve. */
    static Result pidfdOpen(long pid) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            return result((long) SYSCALL.invokeExact(state, SYS_PIDFD_OPEN, pid, 0L), state);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** Waits until the descriptor can be read: 1 if it can, 0 if the time is over. Blocks a thread of the platform. */
    static Result awaitReadable(int fd, int millis) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            MemorySegment poll = arena.allocate(8, 4); // struct pollfd
            poll.set(INT, 0, fd);
            poll.set(ValueLayout.JAVA_SHORT, 4, POLLIN);
            return result((int) POLL.invokeExact(state, poll, 1L, millis), state);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    static int getppid() {
        try {
            return (int) GETPPID.invokeExact();
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    static int eventFd() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            Result result = result((int) EVENTFD.invokeExact(state, 0, EFD_CLOEXEC), state);
            if (result.failed()) {
                throw new IllegalStateException("eventfd: errno " + result.errno());
            }
            return (int) result.value();
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    static void addEvent(int fd, long count) {
        try {
            int ignored = (int) EVENTFD_WRITE.invokeExact(fd, count);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** Sleeps until the count is not 0, and takes it. */
    static long takeEvent(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment count = arena.allocate(LONG);
            int ignored = (int) EVENTFD_READ.invokeExact(fd, count);
            return count.get(LONG, 0);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static Result result(long value, MemorySegment state) {
        return new Result(value, value == -1 ? (int) ERRNO.get(state, 0L) : 0);
    }

    private static MethodHandle plain(String name, FunctionDescriptor descriptor) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow(name), descriptor, Linker.Option.captureCallState("errno"));
    }

    private static MethodHandle variadic(String name, int fixed, FunctionDescriptor descriptor) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow(name),
                descriptor,
                Linker.Option.captureCallState("errno"),
                Linker.Option.firstVariadicArg(fixed));
    }
}
