// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

/**
 * Looks at files with somebody else's rights, as a file server does that serves many (setfsuid(2), nfs-ganesha's and
 * Samba's way): on Linux these belong to the thread, so a thread takes them on, looks, and ends. Only its looks at files are
 * somebody else's; nobody can send the thread a signal. Except access(2) and with it {@link java.nio.file.Files#isReadable},
 * which ask for the process's.
 */
@SuppressWarnings("restricted") // the JVM is started with --enable-native-access
public final class FileRights {
    private static final long SYS_SETGROUPS = 116; // x86-64; glibc's own would change all threads
    private static final int WHICH = -1; // changes nothing, answers what there is

    private static final Linker LINKER = Linker.nativeLinker();
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final MethodHandle SETFSUID = handle("setfsuid");
    private static final MethodHandle SETFSGID = handle("setfsgid");
    private static final MethodHandle SYSCALL = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("syscall"),
            FunctionDescriptor.of(
                    ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS),
            Linker.Option.firstVariadicArg(1));

    // faccessat(2), which with this flag goes by the thread's rights for files and not by the process's user
    private static final int AT_FDCWD = -100;
    private static final int AT_EACCESS = 0x200;
    private static final int READ = 4;
    private static final int WRITE = 2;
    private static final int ENTER = 1;
    private static final MethodHandle FACCESSAT = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("faccessat"),
            FunctionDescriptor.of(INT, INT, ValueLayout.ADDRESS, INT, INT));

    private FileRights() {}

    /** Whether this thread may read a file. */
    public static boolean mayRead(Path file) {
        return may(file, READ);
    }

    /** Whether this thread may go into a folder. */
    public static boolean mayEnter(Path folder) {
        return may(folder, ENTER);
    }

    /** Whether this thread may make and delete files in a folder. */
    public static boolean mayChange(Path folder) {
        return may(folder, WRITE | ENTER);
    }

    private static boolean may(Path file, int what) {
        try (Arena arena = Arena.ofConfined()) {
            return (int) FACCESSAT.invokeExact(AT_FDCWD, arena.allocateFrom(file.toString()), what, AT_EACCESS) == 0;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * What {@code look} finds with the rights of that account. Root's own, and an unprivileged process's own, are those of
     * this process. Blocks.
     *
     * @param own the user of this process
     * @throws IllegalStateException if the rights cannot be taken on; then nothing has been looked at
     */
    public static <T> T as(int own, int uid, int gid, List<Integer> groups, Supplier<T> look) {
        if (uid == own || own != 0) {
            return look.get();
        }
        var found = new CompletableFuture<T>();
        Thread.ofPlatform().daemon().name("file-rights").start(() -> {
            try {
                take(uid, gid, groups);
                found.complete(look.get());
            } catch (Throwable failure) {
                found.completeExceptionally(failure);
            }
        });
        try {
            return found.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException refusal ? refusal : e;
        }
    }

    /** Groups first: the user's is what the right to change them goes with. */
    private static void take(int uid, int gid, List<Integer> groups) throws Throwable {
        try (Arena arena = Arena.ofConfined()) {
            int[] numbers = groups.stream().mapToInt(Integer::intValue).toArray();
            MemorySegment list = arena.allocateFrom(INT, numbers.length == 0 ? new int[1] : numbers);
            long failed = (long) SYSCALL.invokeExact(SYS_SETGROUPS, (long) numbers.length, list);
            int before = (int) SETFSGID.invokeExact(gid);
            before = (int) SETFSUID.invokeExact(uid);
            if (failed != 0 || (int) SETFSGID.invokeExact(WHICH) != gid || (int) SETFSUID.invokeExact(WHICH) != uid) {
                throw new IllegalStateException("the rights of user " + Integer.toUnsignedString(uid)
                        + " cannot be taken on by user " + before);
            }
        }
    }

    private static MethodHandle handle(String name) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), FunctionDescriptor.of(INT, INT));
    }
}
