// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells systemd that this service serves: one datagram, see sd_notify(3). Java has no datagrams of Unix sockets, so the C
 * library sends it.
 */
@SuppressWarnings("restricted") // the JVM is started with --enable-native-access
public final class ServiceManager {
    static final String SOCKET_VARIABLE = "NOTIFY_SOCKET";

    private static final Logger LOG = LoggerFactory.getLogger(ServiceManager.class);
    private static final int AF_UNIX = 1;
    private static final int SOCK_DGRAM_CLOEXEC = 2 | 02000000;
    private static final int FAMILY_SIZE = 2;
    private static final int MAX_PATH = 107;
    private static final String READY = "READY=1";

    private ServiceManager() {}

    /** Does nothing if no service manager asked to be told. */
    public static void tellReady(Map<String, String> environment) {
        String socket = environment.get(SOCKET_VARIABLE);
        if (socket == null || socket.isEmpty()) {
            return;
        }
        try {
            if (send(socket, READY) < 0) {
                LOG.warn("the service manager could not be told socket={}", socket);
            }
        } catch (Throwable e) {
            LOG.warn("the service manager could not be told socket={}", socket, e);
        }
    }

    private static long send(String socket, String message) throws Throwable {
        byte[] path = socket.getBytes(StandardCharsets.UTF_8);
        if (path.length > MAX_PATH) {
            throw new IllegalArgumentException("a path of more than " + MAX_PATH + " bytes");
        }
        if (path[0] == '@') {
            path[0] = 0; // of the abstract namespace
        }
        MethodHandle open = handle(
                "socket",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        MethodHandle send = handle(
                "sendto",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT,
                        ValueLayout.ADDRESS,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT,
                        ValueLayout.ADDRESS,
                        ValueLayout.JAVA_INT));
        int fd = (int) open.invokeExact(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
        if (fd < 0) {
            return fd;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(FAMILY_SIZE + path.length, Long.BYTES);
            address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
            MemorySegment.copy(path, 0, address, ValueLayout.JAVA_BYTE, FAMILY_SIZE, path.length);
            byte[] text = message.getBytes(StandardCharsets.US_ASCII);
            MemorySegment bytes = arena.allocateFrom(ValueLayout.JAVA_BYTE, text);
            return (long) send.invokeExact(fd, bytes, (long) text.length, 0, address, (int) address.byteSize());
        } finally {
            Posix.close(fd);
        }
    }

    private static MethodHandle handle(String name, FunctionDescriptor descriptor) {
        return Linker.nativeLinker()
                .downcallHandle(Linker.nativeLinker().defaultLookup().findOrThrow(name), descriptor);
    }
}
