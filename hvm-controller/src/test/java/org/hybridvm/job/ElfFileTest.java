// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.hybridvm.job.ElfFile.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ElfFileTest {
    @TempDir
    private Path folder;

    @Test
    void shouldTakeAStaticProgram() throws IOException {
        assertThat(read(TestElf.program().bytes())).isEqualTo(new ElfFile(Kind.PROGRAM, null, null));
    }

    @Test
    void shouldTakeAStaticPositionIndependentProgram() throws IOException {
        assertThat(read(TestElf.program().type(3).bytes()).kind()).isEqualTo(Kind.PROGRAM);
    }

    @Test
    void shouldNameTheDynamicLinkerOfADynamicProgram() throws IOException {
        assertThat(read(TestElf.program()
                                .type(3)
                                .interpreter("/lib64/ld-linux-x86-64.so.2")
                                .bytes())
                        .interpreter())
                .isEqualTo("/lib64/ld-linux-x86-64.so.2");
    }

    @Test
    void shouldSeeThatTheRunningJavaIsADynamicProgram() throws IOException {
        ElfFile java = ElfFile.read(Path.of("/proc/self/exe"));
        assertThat(java.kind()).isEqualTo(Kind.PROGRAM);
        assertThat(java.interpreter()).contains("ld-linux");
    }

    @Test
    void shouldTellAnEmptyFile() throws IOException {
        assertThat(read(new byte[0])).isEqualTo(new ElfFile(Kind.EMPTY, null, "0 bytes"));
    }

    @Test
    void shouldQuoteTheFirstLineOfAScript() throws IOException {
        assertThat(read("#!/bin/sh -e\necho hello\n".getBytes(StandardCharsets.UTF_8)))
                .isEqualTo(new ElfFile(Kind.SCRIPT, null, "#!/bin/sh -e"));
    }

    @Test
    void shouldTellWhatAFileBeginsWithThatIsNotElf() throws IOException {
        assertThat(read(new byte[] {(byte) 0xca, (byte) 0xfe, (byte) 0xba, (byte) 0xbe, 0}))
                .isEqualTo(new ElfFile(Kind.NOT_ELF, null, "it begins with ca fe ba be"));
    }

    @Test
    void shouldTellA32BitProgram() throws IOException {
        assertThat(read(TestElf.program().elfClass(1).bytes())).isEqualTo(new ElfFile(Kind.WRONG_CLASS, null, "ELF32"));
    }

    @Test
    void shouldNameAnotherArchitecture() throws IOException {
        assertThat(read(TestElf.program().machine(183).bytes()))
                .isEqualTo(new ElfFile(Kind.WRONG_MACHINE, null, "AArch64"));
    }

    @Test
    void shouldTellABigEndianProgram() throws IOException {
        assertThat(read(TestElf.program().bigEndian().bytes()))
                .isEqualTo(new ElfFile(Kind.WRONG_MACHINE, null, "big-endian"));
    }

    @Test
    void shouldTellAnObjectFile() throws IOException {
        assertThat(read(TestElf.program().type(1).bytes()))
                .isEqualTo(new ElfFile(Kind.NOT_EXECUTABLE_TYPE, null, "an object file"));
    }

    @Test
    void shouldTellASharedLibrary() throws IOException {
        assertThat(read(TestElf.program().type(3).entry(0).bytes()))
                .isEqualTo(new ElfFile(Kind.NOT_EXECUTABLE_TYPE, null, "a shared library"));
    }

    @Test
    void shouldTellAHeaderThatIsCutShort() throws IOException {
        assertThat(read(Arrays.copyOf(TestElf.program().bytes(), 40)))
                .isEqualTo(new ElfFile(Kind.DAMAGED, null, "the ELF header ends after 40 bytes"));
    }

    @Test
    void shouldNotFollowProgramHeadersOutOfTheFile() throws IOException {
        assertThat(read(TestElf.program().segmentsAt(-1L).bytes()).detail())
                .isEqualTo("program headers at 18446744073709551615 of a file of 120 bytes");
        assertThat(read(TestElf.program().segmentsAt(Long.MAX_VALUE).bytes()).kind())
                .isEqualTo(Kind.DAMAGED);
    }

    @Test
    void shouldTellProgramHeadersOfAnotherSize() throws IOException {
        assertThat(read(TestElf.program().segmentSize(32).bytes()).detail()).isEqualTo("1 program headers of 32 bytes");
    }

    @Test
    void shouldJudgeAnyBytesWithoutFailing() throws IOException {
        var random = new Random(Long.getLong("hvm.fuzz.seed", 42));
        byte[] original = TestElf.program().interpreter("/lib/ld.so").bytes();
        int files = Integer.getInteger("hvm.fuzz", 2000);
        for (int round = 0; round < files; round++) {
            byte[] mutated = Arrays.copyOf(original, 1 + random.nextInt(original.length));
            for (int change = 0; change < 4; change++) {
                mutated[random.nextInt(mutated.length)] = (byte) random.nextInt();
            }
            assertThat(read(mutated).kind()).isNotNull();
        }
        System.out.println("fuzz elf_files=" + files);
    }

    private ElfFile read(byte[] bytes) throws IOException {
        Path file = folder.resolve("file");
        Files.write(file, bytes);
        return ElfFile.read(file);
    }
}
