// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.hybridvm.ErrorCode;
import org.hybridvm.Home;
import org.hybridvm.HvmException;

/** Reaches hvmd, and starts it if it is absent. */
final class Daemon {
    /** The line that hvmd writes to its standard output once its socket answers. */
    static final String READY_LINE = "ready";

    /** System property: further JVM options for hvmd, such as an AOT cache. */
    static final String OPTIONS_PROPERTY = "hvm.daemon.options";

    /** System property: the systemd unit that hvmd is, if it is one. */
    private static final String UNIT_PROPERTY = "hvm.daemon.unit";

    /** hvmd's exit status if another one has its state folder (EX_TEMPFAIL of sysexits.h). */
    private static final int ALREADY_RUNNING = 75;

    /** The same if it was killed: 128 + SIGKILL. */
    private static final int KILLED = 137;

    private static final Duration START_LIMIT = Duration.ofSeconds(30);
    /** How long another one may take to answer until it is looked whether it still has the state folder. */
    private static final Duration OTHER_LIMIT = Duration.ofSeconds(2);

    private static final Duration RETRY_AFTER = Duration.ofMillis(50);
    private static final int LOG_LINES_SHOWN = 15;

    private final Home home;

    Daemon(Home home) {
        this.home = home;
    }

    /** A connection to hvmd, which is started if nobody listens on its socket. */
    HttpConnection connect() throws IOException {
        try {
            return HttpConnection.connect(home.socket());
        } catch (IOException absent) {
            refuseIfForbidden();
            start();
        }
        try {
            return HttpConnection.connect(home.socket());
        } catch (IOException e) {
            throw notReachable("hvmd was started, but its socket does not answer", e);
        }
    }

    /** Refuses if hvmd does not run; does not start it. */
    void requireRunning() {
        try (var _ = HttpConnection.connect(home.socket())) {
            // it answers, that is enough
        } catch (IOException e) {
            refuseIfForbidden();
            throw HvmException.of(ErrorCode.WRONG_STATE, "hvmd does not run")
                    .value(home.socket())
                    .hint("hvm daemon start")
                    .cause(e)
                    .build();
        }
    }

    private void refuseIfForbidden() {
        Path socket = home.socket();
        if (Files.exists(socket) && !(Files.isReadable(socket) && Files.isWritable(socket))) {
            throw HvmException.of(ErrorCode.HOST_PERMISSION, "hvmd's socket belongs to somebody else")
                    .value(socket)
                    .hint("set " + Home.VARIABLE + " to a folder of your own")
                    .build();
        }
    }

    /**
     * Starts hvmd and returns once its socket answers. Another hvmd may have the state folder: one that somebody else has
     * just started, then its socket comes up; or one that is stopping, then it is tried again. So it is, once, if hvmd is
     * killed before it answers.
     */
    private void start() throws IOException {
        String unit = System.getProperty(UNIT_PROPERTY);
        if (unit != null) {
            startUnit(unit);
            return;
        }
        makeLogFolder();
        long deadline = System.nanoTime() + START_LIMIT.toNanos();
        for (boolean killed = false; ; ) {
            Process process = new ProcessBuilder(command())
                    .directory(new File("/"))
                    .redirectInput(new File("/dev/null"))
                    .redirectError(startLog().toFile())
                    .start();
            if (READY_LINE.equals(firstLine(process))) {
                return;
            }
            int status = exitStatus(process);
            if (status == KILLED && !killed) {
                killed = true;
                continue;
            }
            if (status != ALREADY_RUNNING || System.nanoTime() > deadline) {
                throw notReachable("hvmd did not start", null);
            }
            if (otherAnswers()) {
                return;
            }
        }
    }

    /** Waits for the hvmd that has the state folder: false if it is gone, or does not answer for long. */
    private boolean otherAnswers() {
        long deadline = System.nanoTime() + OTHER_LIMIT.toNanos();
        while (!answers()) {
            if (!otherLives() || System.nanoTime() > deadline) {
                return false;
            }
            pause();
        }
        return true;
    }

    private boolean otherLives() {
        try {
            return ProcessHandle.of(
                            Long.parseLong(Files.readString(home.lockFile()).strip()))
                    .isPresent();
        } catch (IOException | NumberFormatException e) {
            return false; // it has just begun, or ended
        }
    }

    /** Returns once hvmd has told systemd that it serves. */
    private void startUnit(String unit) throws IOException {
        Process process = new ProcessBuilder("systemctl", "start", unit)
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        if (exitStatus(process) != 0) {
            throw HvmException.of(ErrorCode.HOST_REQUIREMENT, "hvmd did not start")
                    .value(output)
                    .owner("systemd's unit " + unit)
                    .hint("journalctl -u " + unit + "; hvm logs hvmd")
                    .build();
        }
    }

    private boolean answers() {
        try (var _ = HttpConnection.connect(home.socket())) {
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private void makeLogFolder() {
        try {
            Files.createDirectories(home.logs());
        } catch (IOException e) {
            throw HvmException.of(ErrorCode.HOST_PERMISSION, "hvmd's log folder cannot be made")
                    .value(e.getMessage())
                    .hint("set " + Home.VARIABLE + " to a folder of your own")
                    .cause(e)
                    .build();
        }
    }

    private int exitStatus(Process process) {
        try {
            return process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw notReachable("the start of hvmd was interrupted", e);
        }
    }

    private void pause() {
        try {
            Thread.sleep(RETRY_AFTER);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw notReachable("the start of hvmd was interrupted", e);
        }
    }

    /** hvmd's first words; null if it ends without any. Its standard error goes to a file, so it cannot block. */
    private String firstLine(Process process) {
        var line = CompletableFuture.supplyAsync(() -> {
            try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
                return output.readLine();
            } catch (IOException e) {
                return null;
            }
        });
        try {
            return line.get(START_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            process.destroyForcibly();
            throw notReachable("hvmd did not start within " + START_LIMIT.toSeconds() + " s", e);
        } catch (InterruptedException | ExecutionException e) {
            Thread.currentThread().interrupt();
            throw notReachable("the start of hvmd was interrupted", e);
        }
    }

    private List<String> command() {
        var command = new ArrayList<String>();
        command.add("setsid"); // a session of its own: it outlives the terminal and its signals
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvmOptions());
        String options = System.getProperty(OPTIONS_PROPERTY, "");
        if (!options.isBlank()) {
            command.addAll(List.of(options.strip().split(" +")));
        }
        System.getProperties().stringPropertyNames().stream()
                .filter(name -> name.startsWith("hvm.") && !name.startsWith("hvm.daemon."))
                .sorted()
                .forEach(name -> command.add("-D" + name + "=" + System.getProperty(name)));
        command.addAll(List.of("-cp", classPath(), "org.hybridvm.api.Hvmd"));
        command.addAll(List.of(home.state().toString(), home.run().toString()));
        return command;
    }

    /** What a file of JVM options says, one a line; a line that begins with # says nothing. */
    private static List<String> jvmOptions() {
        try (var stream = Daemon.class.getResourceAsStream("hvmd.options")) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ours, but absolute: hvmd does not stay in this folder. */
    private static String classPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(entry -> Path.of(entry).toAbsolutePath().toString())
                .collect(Collectors.joining(File.pathSeparator));
    }

    private HvmException notReachable(String what, Throwable cause) {
        String lastLines = lastLines(startLog());
        return HvmException.of(ErrorCode.HOST_REQUIREMENT, what)
                .value(lastLines.isEmpty() ? home.socket().toString() : "its last words were\n" + lastLines)
                .hint("hvm logs hvmd")
                .cause(cause)
                .build();
    }

    /** What hvmd and its JVM say before hvmd's own log is open. */
    private Path startLog() {
        return home.logs().resolve("hvmd.start.log");
    }

    private static String lastLines(Path file) {
        try {
            List<String> lines = Files.readAllLines(file);
            return String.join("\n", lines.subList(Math.max(0, lines.size() - LOG_LINES_SHOWN), lines.size()));
        } catch (IOException e) {
            return "";
        }
    }
}
