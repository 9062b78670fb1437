// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.soak;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Output that tells by itself whether a part of it is missing or doubled: a job's number, 0, 1, 2, ..., and the last again. */
final class NumberedLines {
    private NumberedLines() {}

    /** A script of the guest's shell that writes such lines until the file is there, and ends as HistoryClient's jobs do. */
    static String script(String untilFile) {
        return """
                echo ${HVM_RESTART_COUNT:-0} >> ran.$HVM_JOB_ID
                echo begin $HVM_JOB_ID
                i=0
                while [ ! -e %s ]; do echo $i; i=$((i + 1)); /bin/busybox sleep 0.2; done
                echo end $i
                exit $((HVM_JOB_ID %% 3))
                """.formatted(untilFile);
    }

    static boolean isWhole(Path file, long job) throws IOException {
        List<String> lines = Files.exists(file) ? Files.readAllLines(file) : List.of();
        var expected = new ArrayList<String>();
        expected.add("begin " + job);
        for (int line = 0; line < lines.size() - 2; line++) {
            expected.add(String.valueOf(line));
        }
        expected.add("end " + (lines.size() - 2));
        return lines.equals(expected);
    }
}
