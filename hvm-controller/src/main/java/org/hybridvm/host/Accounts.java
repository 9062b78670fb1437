// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The accounts of this host, by the C library, which asks files, LDAP or whatever {@code nsswitch.conf} says. Calls may
 * wait for a network, so never from an event loop. Numbers are unsigned.
 */
@SuppressWarnings("restricted") // the JVM is started with --enable-native-access
public final class Accounts {
    private static final int BUFFER = 64 * 1024;
    private static final int MOST_GROUPS = 4096;

    // struct passwd and struct group of glibc on x86-64
    private static final long STRUCT = 48;
    private static final long NAME_AT = 0;
    private static final long UID_AT = 16;
    private static final long PRIMARY_GID_AT = 20;
    private static final long GID_AT = 16;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final FunctionDescriptor BY_NAME = FunctionDescriptor.of(
            INT,
            ValueLayout.ADDRESS,
            ValueLayout.ADDRESS,
            ValueLayout.ADDRESS,
            ValueLayout.JAVA_LONG,
            ValueLayout.ADDRESS);
    private static final FunctionDescriptor BY_NUMBER = FunctionDescriptor.of(
            INT, INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS);
    private static final MethodHandle GETPWNAM = handle("getpwnam_r", BY_NAME);
    private static final MethodHandle GETPWUID = handle("getpwuid_r", BY_NUMBER);
    private static final MethodHandle GETGRNAM = handle("getgrnam_r", BY_NAME);
    private static final MethodHandle GETGROUPLIST = handle(
            "getgrouplist",
            FunctionDescriptor.of(INT, ValueLayout.ADDRESS, INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS));

    private Accounts() {}

    /** @param gid the primary group */
    public record Account(String name, int uid, int gid) {}

    public static Optional<Account> byName(String name) {
        return lookUp(
                (arena, entry, texts, found) ->
                        (int) GETPWNAM.invokeExact(arena.allocateFrom(name), entry, texts, (long) BUFFER, found),
                Accounts::account);
    }

    public static Optional<Account> byUid(int uid) {
        return lookUp(
                (arena, entry, texts, found) -> (int) GETPWUID.invokeExact(uid, entry, texts, (long) BUFFER, found),
                Accounts::account);
    }

    /** The number of a group. */
    public static Optional<Integer> group(String name) {
        return lookUp(
                (arena, entry, texts, found) ->
                        (int) GETGRNAM.invokeExact(arena.allocateFrom(name), entry, texts, (long) BUFFER, found),
                entry -> entry.get(INT, GID_AT));
    }

    /** All groups of an account; {@code gid} is among them. */
    public static List<Integer> groups(String name, int gid) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment groups = arena.allocate(INT, MOST_GROUPS);
            MemorySegment count = arena.allocateFrom(INT, MOST_GROUPS);
            int found = (int) GETGROUPLIST.invokeExact(arena.allocateFrom(name), gid, groups, count);
            int filled = found < 0 ? MOST_GROUPS : count.get(INT, 0); // of more, the first ones count
            return Arrays.stream(groups.asSlice(0, 4L * filled).toArray(INT))
                    .boxed()
                    .toList();
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static Account account(MemorySegment entry) {
        String name =
                entry.get(ValueLayout.ADDRESS, NAME_AT).reinterpret(BUFFER).getString(0);
        return new Account(name, entry.get(INT, UID_AT), entry.get(INT, PRIMARY_GID_AT));
    }

    /** What one of the functions does with room for an entry, its texts and a pointer to it. */
    private interface Function {
        int fill(Arena arena, MemorySegment entry, MemorySegment texts, MemorySegment found) throws Throwable;
    }

    /** Empty also if the accounts cannot be asked now: an unknown caller has no rights. */
    private static <T> Optional<T> lookUp(Function function, java.util.function.Function<MemorySegment, T> decode) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment entry = arena.allocate(STRUCT, Long.BYTES);
            MemorySegment found = arena.allocate(ValueLayout.ADDRESS);
            int error = function.fill(arena, entry, arena.allocate(BUFFER), found);
            boolean known = error == 0 && found.get(ValueLayout.ADDRESS, 0).address() != 0;
            return known ? Optional.of(decode.apply(entry)) : Optional.empty();
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static MethodHandle handle(String name, FunctionDescriptor descriptor) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor);
    }
}
