// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The report of one job as a file, a line each with its time. Bounded: a guest that reports without end loses its later
 * lines, not the host's disk.
 */
final class JobLog {
    static final int LIMIT = 64 * 1024;

    private static final Logger LOG = LoggerFactory.getLogger(JobLog.class);

    private final Path file;
    private final Clock clock;
    private int written;
    private boolean full;

    JobLog(Path file, Clock clock) {
        this.file = file;
        this.clock = clock;
    }

    /** Appends one line; line ends within it count as spaces. A failing disk is named in hvmd's log, the job goes on. */
    synchronized void append(String line) {
        if (full) {
            return;
        }
        String entry = clock.instant().truncatedTo(ChronoUnit.MILLIS) + " " + line.replace('\n', ' ') + "\n";
        if (written + entry.length() > LIMIT) {
            full = true;
            entry = "... further lines were dropped (limit " + LIMIT + " bytes)\n";
        }
        written += entry.length();
        try {
            Files.writeString(file, entry, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            full = true;
            LOG.warn("job log lost file={}", file, e);
        }
    }
}
