// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A boot that cannot end: the phase is named, and nothing is left. */
@Timeout(300)
class BootPhaseTest {
    private static final byte[] ENDLESS = {(byte) 0xeb, (byte) 0xfe}; // jmp to itself

    @TempDir
    private static Path folder;

    private static Node node;

    @BeforeAll
    static void open() {
        node = new Node(folder);
    }

    @AfterAll
    static void close() {
        node.close();
    }

    @Test
    void shouldNameThePhaseOfAKernelThatHangs() throws Exception {
        Path kernel = Files.write(folder.resolve("kernel"), endlessKernel());

        Outcome refused = launch("linux: {kernel: " + kernel + "}\nboot: {kernel: 3s}\n");

        assertThat(refused.errors()).contains("in phase firmware and kernel: not done within 3s");
    }

    @Test
    void shouldNameThePhaseOfAnInitThatHangsAndShowTheConsole() throws Exception {
        Path initramfs = initramfsWith("etc/hvm/modules", 0010644, new byte[0]); // a FIFO that nobody writes to

        Outcome refused = launch("linux: {initramfs: " + initramfs + "}\nboot: {init: 2s}\n");

        assertThat(refused.errors())
                .contains("in phase Linux init: not done within 2s")
                .contains("hvm-agent: init at");
    }

    @Test
    void shouldNameThePartitionThatDoesNotBoot() throws Exception {
        byte[] image = Files.readAllBytes(Tree.ROOT.resolve("guest-hrt/build/hrt.bin"));
        ByteBuffer words = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
        int entry = (int) (words.getLong(ENTRY_OFFSET) - IMAGE_VA);
        System.arraycopy(ENDLESS, 0, image, entry, ENDLESS.length);
        Path file = Files.write(folder.resolve("endless.bin"), image);

        Outcome refused = launch("partitions: [{name: lame, image: " + file + "}]\n");

        assertThat(refused.errors()).contains("in phase HRT partition lame:").contains("FAILED");
    }

    /** struct hvm_image of hvm/image.h. */
    private static final int ENTRY_OFFSET = 40;

    /** hvm/partition.h, HVM_IMAGE_VA. */
    private static final long IMAGE_VA = 0xffffffff80000000L;

    /** The launch is refused, and no VM is there. */
    private static Outcome launch(String layout) throws Exception {
        Path file = Files.writeString(folder.resolve("layout.yaml"), "name: lame\nmemory: 1GiB\n" + layout);
        Outcome refused = node.hvm("launch", file.toString()).endedWith(1);
        assertThat(node.json("list").objects("vms")).isEmpty();
        try (var left = Files.list(node.home().resolve("run/vm"))) {
            assertThat(left).isEmpty();
        }
        return refused;
    }

    /** An ELF file that QEMU starts by its PVH note (Xen, XEN_ELFNOTE_PHYS32_ENTRY) and that does nothing. */
    private static byte[] endlessKernel() {
        int start = 0x1000;
        int address = 0x1000000;
        ByteBuffer elf = ByteBuffer.allocate(start + 16).order(ByteOrder.LITTLE_ENDIAN);
        elf.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1}).position(16);
        elf.putShort((short) 2).putShort((short) 62).putInt(1).putLong(address).putLong(64);
        elf.putLong(0).putInt(0).putShort((short) 64).putShort((short) 56).putShort((short) 2);
        segment(elf, 64, 1, start, address, 16);
        segment(elf, 120, 4, 0x200, 0, 24);
        elf.position(0x200)
                .putInt(4)
                .putInt(8)
                .putInt(18)
                .put(new byte[] {'X', 'e', 'n', 0})
                .putLong(address);
        elf.position(start).put(ENDLESS);
        return elf.array();
    }

    private static void segment(ByteBuffer elf, int at, int type, int offset, int address, int size) {
        elf.position(at).putInt(type).putInt(5).putLong(offset).putLong(address).putLong(address);
        elf.putLong(size).putLong(size).putLong(type == 4 ? 4 : 0x1000);
    }

    /** The project's, with a second archive behind it whose file takes the place of the first one's. */
    private static Path initramfsWith(String name, int mode, byte[] content) throws Exception {
        var archive = new ByteArrayOutputStream();
        archive.writeBytes(Files.readAllBytes(Tree.ROOT.resolve("images/build/initramfs.cpio")));
        while (archive.size() % 512 != 0) {
            archive.write(0);
        }
        member(archive, name, mode, content);
        member(archive, "TRAILER!!!", 0, new byte[0]);
        return Files.write(folder.resolve("initramfs.cpio"), archive.toByteArray());
    }

    /** cpio(5), the new ASCII format. */
    private static void member(ByteArrayOutputStream archive, String name, int mode, byte[] content) {
        byte[] path = (name + "\0").getBytes(StandardCharsets.US_ASCII);
        var header = new StringBuilder("070701");
        for (int field : new int[] {1, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, path.length, 0}) {
            header.append("%08X".formatted(field));
        }
        archive.writeBytes(header.toString().getBytes(StandardCharsets.US_ASCII));
        archive.writeBytes(path);
        pad(archive);
        archive.writeBytes(content);
        pad(archive);
    }

    private static void pad(ByteArrayOutputStream archive) {
        while (archive.size() % 4 != 0) {
            archive.write(0);
        }
    }
}
