// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Writes a cpio archive of the form that Linux unpacks as an initramfs (Documentation/driver-api/early-userspace/buffer-format.rst:
 * "newc"). Archives may stand one behind another, each from a multiple of four bytes on.
 */
final class CpioArchive {
    private static final int ALIGNMENT = 4;
    private static final int REGULAR_FILE = 0100644;
    private static final String TRAILER = "TRAILER!!!";

    private final OutputStream out;
    private long written;
    private int inode;

    CpioArchive(OutputStream out) {
        this.out = out;
    }

    /** @param name of the file in the archive, without a leading slash; its folder is there already */
    void add(String name, Path file) throws IOException {
        byte[] content = Files.readAllBytes(file);
        header(name, ++inode, REGULAR_FILE, content.length);
        write(content);
        pad();
    }

    void finish() throws IOException {
        header(TRAILER, 0, 0, 0);
    }

    private void header(String name, int number, int mode, int size) throws IOException {
        byte[] text = (name + "\0").getBytes(StandardCharsets.UTF_8);
        int[] fields = {number, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, text.length, 0};
        var head = new StringBuilder("070701");
        for (int field : fields) {
            head.append("%08x".formatted(field));
        }
        write(head.toString().getBytes(StandardCharsets.US_ASCII));
        write(text);
        pad();
    }

    private void pad() throws IOException {
        write(new byte[padding(written)]);
    }

    /** How many bytes are missing to a multiple of the alignment. */
    static int padding(long length) {
        return (int) ((ALIGNMENT - length % ALIGNMENT) % ALIGNMENT);
    }

    private void write(byte[] bytes) throws IOException {
        out.write(bytes);
        written += bytes.length;
    }
}
