// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The report of one job as a file, a line each with its time. Bounded: a guest that reports without end loses its later
 * lines, not the host's disk.
 */
final class JobLog {
    static final int LIMIT = 64 * 1024;

    private static final Logger LOG = LoggerFactory.getLogger(JobLog.class);
    private static final String FULL = "... further lines were dropped (limit " + LIMIT + " bytes)";

    private final Path file;
    private final Clock clock;
    private final List<String> lines = new ArrayList<>();
    private int written;
    private boolean full;

    JobLog(Path file, Clock clock) {
        this.file = file;
        this.clock = clock;
    }

    /** Goes on with a file that is there; what a kill has left of a line at its end is cut off. */
    static JobLog goOn(Path file, Clock clock) {
        var log = new JobLog(file, clock);
        try {
            if (Files.exists(file)) {
                log.take(Files.readString(file));
            }
        } catch (IOException e) {
            LOG.warn("job log not read file={}", file, e);
        }
        return log;
    }

    /** Appends one line; line ends within it count as spaces. A failing disk is named in hvmd's log, the job goes on. */
    synchronized void append(String line) {
        String plain = line.replace('\n', ' ');
        if (full) {
            return;
        }
        String entry = clock.instant().truncatedTo(ChronoUnit.MILLIS) + " " + plain + "\n";
        if (written + entry.length() > LIMIT) {
            full = true;
            entry = FULL + "\n";
        } else {
            lines.add(plain);
        }
        written += entry.length();
        try {
            Files.writeString(file, entry, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            full = true;
            LOG.warn("job log lost file={}", file, e);
        }
    }

    /** The lines that it has, without their times. */
    synchronized List<String> lines() {
        return List.copyOf(lines);
    }

    private void take(String text) throws IOException {
        String whole = text.substring(0, text.lastIndexOf('\n') + 1);
        if (whole.length() < text.length()) {
            try (var channel = Files.newByteChannel(file, StandardOpenOption.WRITE)) {
                channel.truncate(whole.getBytes(StandardCharsets.UTF_8).length);
            }
        }
        written = whole.length();
        for (String entry : whole.isEmpty() ? new String[0] : whole.split("\n")) {
            if (entry.equals(FULL)) {
                full = true;
            } else {
                lines.add(entry.substring(entry.indexOf(' ') + 1));
            }
        }
    }
}
