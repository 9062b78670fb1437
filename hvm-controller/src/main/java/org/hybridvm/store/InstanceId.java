// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Set;

/** The id of a state folder, chosen by chance when it is first used: by it a guest knows whose jobs it keeps. */
public final class InstanceId {
    private static final int SIZE = 16;

    /** Whoever knows it could ask a guest for another's jobs. */
    private static final FileAttribute<Set<PosixFilePermission>> PRIVATE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

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
        var options = Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING);
        try (var channel = FileChannel.open(fresh, options, PRIVATE)) {
            channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
            channel.force(true);
        }
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
