// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.hybridvm.Home;

/**
 * All that a command takes from the process it runs in, so that a test can give it something else.
 *
 * @param stdin standard input, unbuffered bytes
 * @param stdout standard output as bytes; fails when its reader has gone, which {@code out} does not
 * @param stderr standard error as bytes
 * @param out standard output as text
 * @param err standard error as text
 * @param environment the environment variables
 * @param directory the working directory, absolute
 * @param interactive whether standard error is a terminal
 */
record Context(
        InputStream stdin,
        OutputStream stdout,
        OutputStream stderr,
        PrintStream out,
        PrintStream err,
        Map<String, String> environment,
        Path directory,
        Home home,
        boolean interactive) {

    /** Of this process. */
    static Context ofThisProcess() {
        var stdout = new FileOutputStream(FileDescriptor.out);
        var stderr = new FileOutputStream(FileDescriptor.err);
        return new Context(
                System.in,
                stdout,
                stderr,
                new PrintStream(stdout, true, StandardCharsets.UTF_8),
                new PrintStream(stderr, true, StandardCharsets.UTF_8),
                System.getenv(),
                workingDirectory(),
                Home.ofThisUser(),
                isTerminal(2));
    }

    private static Path workingDirectory() {
        Path directory = Path.of("").toAbsolutePath();
        try {
            return directory.toRealPath();
        } catch (IOException e) {
            return directory; // it was deleted; whoever needs it will say so
        }
    }

    /** Whether a descriptor of this process is a terminal. */
    static boolean isTerminal(int descriptor) {
        try {
            String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor))
                    .toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty") || target.equals("/dev/console");
        } catch (IOException e) {
            return false;
        }
    }
}
