// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** QEMU processes of this host, found by the UUID in their arguments: right under every libvirt driver. */
public final class QemuProcess {
    private static final Pattern GUEST = Pattern.compile("guest=hvm-([^,]+)");

    private QemuProcess() {}

    /** The process of the domain with this UUID; empty if there is none on this host. */
    public static OptionalLong find(UUID uuid) {
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                List<String> arguments = argumentsOf(process);
                int at = arguments.indexOf("-uuid");
                if (at >= 0
                        && at + 1 < arguments.size()
                        && arguments.get(at + 1).equals(uuid.toString())) {
                    return OptionalLong.of(Long.parseLong(process.getFileName().toString()));
                }
            }
        } catch (IOException e) {
            // no /proc: nothing is known
        }
        return OptionalLong.empty();
    }

    /** Whether somebody stopped the process by a signal or holds it with a debugger; false if it is gone. */
    public static boolean isStopped(long pid) {
        char state = stateOf(pid);
        return state == 'T' || state == 't';
    }

    /** The state letter of {@code /proc/PID/stat} (proc(5)); X if the process is gone. */
    private static char stateOf(long pid) {
        try {
            String status = Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.ISO_8859_1);
            return status.charAt(status.lastIndexOf(')') + 2);
        } catch (IOException e) {
            return 'X';
        }
    }

    /** QEMU processes of the VMs that have their files below {@code state}, by the VM's name. */
    public static Map<String, Long> named(Path state) {
        var found = new TreeMap<String, Long>();
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                List<String> arguments = argumentsOf(process);
                int at = arguments.indexOf("-name");
                Matcher name = GUEST.matcher(at >= 0 && at + 1 < arguments.size() ? arguments.get(at + 1) : "");
                if (name.find() && arguments.stream().anyMatch(one -> one.contains(state + "/"))) {
                    found.put(
                            name.group(1), Long.parseLong(process.getFileName().toString()));
                }
            }
        } catch (IOException e) {
            // no /proc: nothing is known
        }
        return found;
    }

    private static List<String> argumentsOf(Path process) {
        try {
            String line = new String(Files.readAllBytes(process.resolve("cmdline")), StandardCharsets.UTF_8);
            return Arrays.asList(line.split("\0"));
        } catch (IOException e) {
            return List.of(); // gone, or another user's
        }
    }
}
