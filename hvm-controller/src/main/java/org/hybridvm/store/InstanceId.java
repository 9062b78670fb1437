// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.HexFormat;

/** The id of a state folder, chosen by chance when it is first used: by it a guest knows whose jobs it keeps. */
public final class InstanceId {
    private static final int SIZE = 16;

    private InstanceId() {}

    /** The id in {@code file}, which is made if it is not there or holds none. */
    public static byte[] of(Path file) throws IOException {
        if (Files.exists(file)) {
            try {
                byte[] id = HexFormat.of().parseHex(Files.readString(file).strip());
                if (id.length == SIZE) {
                    return id;
                }
            } catch (IllegalArgumentException e) {
                // damaged: jobs that run are ended by the guests, as if it were another folder
            }
        }
        byte[] id = new byte[SIZE];
        new SecureRandom().nextBytes(id);
        write(file, HexFormat.of().formatHex(id) + "\n");
        return id;
    }

    private static void write(Path file, String text) throws IOException {
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        try (var channel = FileChannel.open(
                fresh, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            channel.write(ByteBuffer.wrap(text.getBytes(java.nio.charset.StandardCharsets.US_ASCII)));
            channel.force(true);
        }
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
