// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Random;

/** A text file of at least 50 MB, the same each time: lines of a key and words, in no order. */
final class SampleFile {
    static final long SIZE = 50_000_000;

    private static final String[] WORDS = {
        "aerokernel", "partition", "merge", "slot", "proxy", "doorbell", "quiet", "core"
    };

    private SampleFile() {}

    static Path in(Path folder) throws IOException {
        Path file = folder.resolve("sample.txt");
        if (!Files.exists(file)) {
            Path part = folder.resolve("sample.part");
            write(part);
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        }
        return file;
    }

    private static void write(Path file) throws IOException {
        var random = new Random(20260101);
        long written = 0;
        try (BufferedWriter writer = Files.newBufferedWriter(file)) {
            while (written < SIZE) {
                var line = new StringBuilder("%08d".formatted(random.nextInt(100_000_000)));
                for (int word = 0; word < 8; word++) {
                    line.append(' ').append(WORDS[random.nextInt(WORDS.length)]);
                }
                writer.write(line.append('\n').toString());
                written += line.length();
            }
        }
    }
}
