// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import org.hybridvm.HvmException;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;

/**
 * How long things took here before, in a file of the state folder: for a progress bar, so what cannot be read or written is
 * left out. Newer times count for a third.
 */
final class ExpectedTimes {
    private static final int MOST = 200;
    private static final int SHARE = 3;

    private final Path file;
    private final Map<String, Object> milliseconds = new LinkedHashMap<>();

    ExpectedTimes(Path file) {
        this.file = file;
        try {
            milliseconds.putAll(JsonObject.parse(Files.readString(file)).asMap());
        } catch (IOException | HvmException e) {
            // nothing is expected then
        }
    }

    /** Of a phase, in milliseconds. */
    OptionalLong of(String phase) {
        return milliseconds.get(phase) instanceof Number known && known.longValue() > 0
                ? OptionalLong.of(known.longValue())
                : OptionalLong.empty();
    }

    void learn(String phase, long took) {
        if (milliseconds.size() < MOST || milliseconds.containsKey(phase)) {
            long before = of(phase).orElse(took);
            milliseconds.put(phase, before + (took - before) / SHARE);
        }
    }

    void save() {
        try {
            Path fresh = Files.createTempFile(file.getParent(), ".times", null);
            Files.writeString(fresh, Json.write(milliseconds));
            Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            // somebody else's folder, or a full disk: nothing is learnt
        }
    }
}
