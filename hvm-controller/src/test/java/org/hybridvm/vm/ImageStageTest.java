// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageStageTest {
    private static final FileTime LONG_AGO = FileTime.fromMillis(1_000_000_000_000L);

    @TempDir
    private Path temporary;

    private Path folder;
    private Path kernel;
    private ImageStage stage;

    @BeforeEach
    void setUp() throws IOException {
        folder = temporary.resolve("state/images");
        kernel = Files.writeString(temporary.resolve("vmlinux"), "kernel 1");
        stage = new ImageStage(folder);
    }

    @Test
    void shouldCopyAnImageForEverybodyToRead() throws IOException {
        Files.setPosixFilePermissions(kernel, PosixFilePermissions.fromString("rw-------"));
        Path copy = stage.copyOf(kernel);
        assertThat(copy).hasParent(folder).hasContent("kernel 1");
        assertThat(copy.getFileName().toString()).startsWith("vmlinux-");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(copy)))
                .isEqualTo("rw-r--r--");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(kernel)))
                .isEqualTo("rw-------");
    }

    @Test
    void shouldCopyOneVersionOnce() throws IOException {
        Path copy = stage.copyOf(kernel);
        Files.setLastModifiedTime(copy, LONG_AGO);
        assertThat(new ImageStage(folder).copyOf(kernel)).isEqualTo(copy);
        assertThat(Files.getLastModifiedTime(copy)).isEqualTo(LONG_AGO);
        assertThat(staged()).containsExactly(copy);
    }

    @Test
    void shouldKeepTheCopyOfAVersionThatWasBuiltOver() throws IOException {
        Path first = stage.copyOf(kernel);
        Files.delete(kernel);
        Files.writeString(kernel, "kernel two");
        Path second = stage.copyOf(kernel);
        assertThat(first).hasContent("kernel 1");
        assertThat(second).isNotEqualTo(first).hasContent("kernel two");
    }

    @Test
    void shouldTellImagesApartThatOnlyDifferInTheirContent() throws IOException {
        Path other = Files.writeString(
                Files.createDirectory(temporary.resolve("other")).resolve("vmlinux"), "kernel 2");
        Files.setLastModifiedTime(kernel, LONG_AGO);
        Files.setLastModifiedTime(other, LONG_AGO);
        assertThat(stage.copyOf(kernel)).hasContent("kernel 1");
        assertThat(stage.copyOf(other)).hasContent("kernel 2");
    }

    @Test
    void shouldCopyAnewWhatACrashLeftHalfCopied() throws IOException {
        Path copy = stage.copyOf(kernel);
        Files.delete(copy);
        Files.writeString(folder.resolve(copy.getFileName() + ".new"), "ker");
        assertThat(stage.copyOf(kernel)).isEqualTo(copy).hasContent("kernel 1");
        assertThat(staged()).containsExactly(copy);
    }

    @Test
    void shouldCopyWhatALinkLeadsTo() throws IOException {
        Path link = Files.createSymbolicLink(temporary.resolve("link"), kernel);
        Path copy = stage.copyOf(link);
        assertThat(copy).isRegularFile().hasContent("kernel 1");
        assertThat(Files.isSymbolicLink(copy)).isFalse();
    }

    @Test
    void shouldSayHowToGetAnImageThatIsMissing() {
        Path missing = temporary.resolve("missing");
        assertThatThrownBy(() -> stage.copyOf(missing))
                .isInstanceOfSatisfying(
                        HvmException.class,
                        refused -> assertThat(refused.code()).isEqualTo(ErrorCode.IMAGE_MISSING))
                .hasMessage("An image cannot be read: %s (java.nio.file.NoSuchFileException: %s)."
                                .formatted(missing, missing)
                        + " Try: build it: make -C images; or name another in the layout");
    }

    @Test
    void shouldDeleteCopiesThatNobodyUses() throws IOException {
        Path initramfs = stage.copyOf(Files.writeString(temporary.resolve("initramfs.cpio"), "initramfs"));
        Path copy = stage.copyOf(kernel);
        Files.writeString(folder.resolve("vmlinux-1-2.new"), "ker");
        stage.keepOnly(Set.of(copy));
        assertThat(staged()).containsExactly(copy);
        assertThat(initramfs).doesNotExist();
        assertThat(kernel).exists();
    }

    @Test
    void shouldAddAerokernelsToACopyOfTheInitramfs() throws IOException {
        Path initramfs = Files.writeString(temporary.resolve("initramfs.cpio"), "odd length");
        Path one = Files.writeString(temporary.resolve("one.bin"), "first kernel");
        Path two = Files.writeString(temporary.resolve("two.bin"), "second");
        Path copy = stage.initramfs(initramfs, Map.of("fast", one, "small", two));
        byte[] bytes = Files.readAllBytes(copy);
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        assertThat(text).startsWith("odd length\0\0" + "070701");
        assertThat(cpio(Arrays.copyOfRange(bytes, 12, bytes.length), "-t"))
                .isEqualTo("lib/hvm/hrt-fast.bin\nlib/hvm/hrt-small.bin\n");
        assertThat(cpio(Arrays.copyOfRange(bytes, 12, bytes.length), "-i", "--to-stdout", "*small*"))
                .isEqualTo("second");
    }

    @Test
    void shouldMakeAnotherInitramfsOfOtherAerokernelsAndTheSameOfTheSame() throws IOException {
        Path initramfs = Files.writeString(temporary.resolve("initramfs.cpio"), "base");
        Path one = Files.writeString(temporary.resolve("one.bin"), "kernel");
        Path with = stage.initramfs(initramfs, Map.of("hrt", one));
        assertThat(stage.initramfs(initramfs, Map.of("hrt", one))).isEqualTo(with);
        assertThat(stage.initramfs(initramfs, Map.of("other", one))).isNotEqualTo(with);
        assertThat(stage.initramfs(initramfs, Map.of())).isNotEqualTo(with).hasContent("base");
        Files.writeString(one, "another kernel");
        assertThat(stage.initramfs(initramfs, Map.of("hrt", one))).isNotEqualTo(with);
    }

    private String cpio(byte[] archive, String... options) throws IOException {
        Path file = Files.write(temporary.resolve("archive"), archive);
        List<String> command = new ArrayList<>(List.of("cpio", "--quiet"));
        command.addAll(List.of(options));
        Process process =
                new ProcessBuilder(command).redirectInput(file.toFile()).start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    private List<Path> staged() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }
}
