// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.access;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Who hvmd itself is: an administrator. What has no other owner is his. */
public final class OwnIdentity {
    private static final int EFFECTIVE = 1; // of real, effective, saved, file system

    private OwnIdentity() {}

    /** Whom this process runs as. */
    public static Caller ofThisProcess() {
        return Loaded.CALLER;
    }

    /**
     * @param status the lines of /proc/PID/status, see proc(5)
     * @param name the account's name
     */
    static Caller parse(List<String> status, String name) {
        int uid = numbers(status, "Uid:").get(EFFECTIVE);
        int gid = numbers(status, "Gid:").get(EFFECTIVE);
        return new Caller(uid, gid, numbers(status, "Groups:"), name, Role.ADMIN);
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

    private static final class Loaded {
        private static final Caller CALLER = load();

        private static Caller load() {
            try {
                return parse(Files.readAllLines(Path.of("/proc/self/status")), System.getProperty("user.name"));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
