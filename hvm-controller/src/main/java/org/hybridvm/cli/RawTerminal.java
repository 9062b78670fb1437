// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** The terminal of this process with every key passed on as it is typed, until it is closed or the process ends. */
final class RawTerminal implements AutoCloseable {
    private final String settings;
    private final Thread hook = new Thread(this::restore, "terminal");

    private RawTerminal(String settings) {
        this.settings = settings;
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** @throws IOException if standard input is no terminal */
    static RawTerminal open() throws IOException {
        var terminal = new RawTerminal(stty("-g").strip());
        stty("raw", "-echo");
        return terminal;
    }

    @Override
    public void close() {
        restore();
        Runtime.getRuntime().removeShutdownHook(hook);
    }

    private void restore() {
        try {
            stty(settings);
        } catch (IOException e) {
            System.err.println("hvm: the terminal's settings are lost. Try: reset"); // there is nothing else to be done
        }
    }

    private static String stty(String... words) throws IOException {
        var command = new java.util.ArrayList<String>(java.util.List.of("stty"));
        command.addAll(java.util.List.of(words));
        Process process = new ProcessBuilder(command)
                .redirectInput(ProcessBuilder.Redirect.INHERIT)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            if (process.waitFor() != 0) {
                throw new IOException("standard input is no terminal");
            }
            return output;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }
}
