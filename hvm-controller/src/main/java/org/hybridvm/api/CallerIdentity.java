// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.hybridvm.job.GuestCommand;

/** Whom jobs run as. The socket admits only hvmd's own user, so the caller is the user of this process. */
final class CallerIdentity {
    private static final int EFFECTIVE = 1; // of real, effective, saved, file system

    private CallerIdentity() {}

    static GuestCommand.Identity ofThisProcess() throws IOException {
        return parse(Files.readAllLines(Path.of("/proc/self/status")));
    }

    /** @param status the lines of /proc/PID/status, see proc(5) */
    static GuestCommand.Identity parse(List<String> status) {
        int user = numbers(status, "Uid:").get(EFFECTIVE);
        int group = numbers(status, "Gid:").get(EFFECTIVE);
        return new GuestCommand.Identity(user, group, numbers(status, "Groups:"));
    }

    private static List<Integer> numbers(List<String> status, String field) {
        var numbers = new ArrayList<Integer>();
        for (String line : status) {
            if (line.startsWith(field)) {
                for (String word : line.substring(field.length()).strip().split("\\s+")) {
                    if (!word.isEmpty()) {
                        numbers.add(Integer.parseUnsignedInt(word));
                    }
                }
                return numbers;
            }
        }
        throw new IllegalArgumentException("no field " + field);
    }
}
