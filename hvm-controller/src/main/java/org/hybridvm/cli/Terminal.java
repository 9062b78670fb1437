// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * The terminal of a screen that is shown again and again: its second screen, keys without Enter, its size. By ANSI sequences
 * and stty(1); as it was again when closed, also by Ctrl-C.
 */
final class Terminal implements AutoCloseable {
    /** @param columns and rows: at least 1 */
    record Size(int columns, int rows) {}

    private static final Size USUAL = new Size(80, 24);
    private static final String BEGIN = "\u001b[?1049h\u001b[?25l";
    private static final String END = "\u001b[?25h\u001b[?1049l";
    private static final String HOME = "\u001b[H";
    private static final String CLEAR_LINE = "\u001b[K";
    private static final String CLEAR_REST = "\u001b[J";

    private final PrintStream out;
    private final String before;
    private final Thread restorer = new Thread(this::restore, "terminal");

    private Terminal(PrintStream out, String before) {
        this.out = out;
        this.before = before;
    }

    /** Takes the terminal; empty if there is none. */
    static Optional<Terminal> open(PrintStream out) {
        if (!Context.isTerminal(0) || !Context.isTerminal(1)) {
            return Optional.empty();
        }
        return stty("-g").map(before -> {
            var terminal = new Terminal(out, before);
            Runtime.getRuntime().addShutdownHook(terminal.restorer);
            stty("-icanon", "-echo", "min", "0", "time", "0");
            out.print(BEGIN);
            return terminal;
        });
    }

    Size size() {
        return stty("size")
                .filter(text -> text.matches("[1-9][0-9]* [1-9][0-9]*"))
                .map(text -> text.split(" "))
                .map(parts -> new Size(Integer.parseInt(parts[1]), Integer.parseInt(parts[0])))
                .orElse(USUAL);
    }

    /** Shows lines in place of what was shown before; what does not fit is cut. */
    void show(String text) {
        Size size = size();
        var screen = new StringBuilder(HOME);
        text.lines().limit(size.rows()).forEach(line -> {
            if (screen.length() > HOME.length()) {
                screen.append("\r\n");
            }
            screen.append(line, 0, Math.min(line.length(), size.columns())).append(CLEAR_LINE);
        });
        out.print(screen.append(CLEAR_REST));
        out.flush();
    }

    /** The key that was pressed since the last call, or -1. */
    int key() throws IOException {
        return System.in.available() > 0 ? System.in.read() : -1;
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(restorer);
        } catch (IllegalStateException e) {
            return; // the hook does it
        }
        restore();
    }

    private void restore() {
        out.print(END);
        out.flush();
        stty(before);
    }

    private static Optional<String> stty(String... words) {
        String[] command = new String[words.length + 1];
        command[0] = "stty";
        System.arraycopy(words, 0, command, 1, words.length);
        try {
            Process process = new ProcessBuilder(command)
                    .redirectInput(new File("/dev/tty"))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
            return process.waitFor() == 0 ? Optional.of(answer) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}
