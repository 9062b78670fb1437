// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProgramCheckTest {
    @TempDir
    private Path folder;

    @Test
    void shouldLetAStaticProgramPass() throws IOException {
        Path file = executable(TestElf.program().bytes());
        assertThatCode(() -> ProgramCheck.requireRunnable(file, "./a.out")).doesNotThrowAnyException();
    }

    @Test
    void shouldLetADynamicProgramPassBecauseOnlyTheGuestKnowsItsLibraries() throws IOException {
        Path file = executable(
                TestElf.program().interpreter("/lib64/ld-linux-x86-64.so.2").bytes());
        assertThatCode(() -> ProgramCheck.requireRunnable(file, "./a.out")).doesNotThrowAnyException();
    }

    @Test
    void shouldLetAScriptPassBecauseOnlyTheGuestKnowsItsInterpreter() throws IOException {
        Path file = executable("#!/bin/sh\n".getBytes(StandardCharsets.UTF_8));
        assertThatCode(() -> ProgramCheck.requireRunnable(file, "./a.out")).doesNotThrowAnyException();
    }

    @Test
    void shouldRefuseAFileThatIsNotElf() throws IOException {
        assertRefused(
                executable("text".getBytes(StandardCharsets.UTF_8)),
                "The program is not an ELF file: ./a.out (it begins with 74 65 78 74). Allowed: ELF programs for "
                        + "64-bit x86 (x86-64), scripts. Try: file ./a.out");
    }

    @Test
    void shouldRefuseAnotherArchitecture() throws IOException {
        assertRefused(
                executable(TestElf.program().machine(183).bytes()),
                "The program is for another architecture: ./a.out (AArch64). Allowed: ELF programs for "
                        + "64-bit x86 (x86-64), scripts. Try: compile it for x86-64 (cc -m64)");
    }

    @Test
    void shouldRefuseAFileWithoutExecutePermission() throws IOException {
        Path file = folder.resolve("a.out");
        Files.write(file, TestElf.program().bytes());
        assertRefused(
                file,
                "The program is not executable: ./a.out. Allowed: a file with execute permission. Try: chmod +x ./a.out");
    }

    @Test
    void shouldRefuseAFolder() {
        assertRefused(folder, "The program is a directory: ./a.out. Allowed: a file.");
    }

    private static void assertRefused(Path file, String words) {
        assertThatThrownBy(() -> ProgramCheck.requireRunnable(file, "./a.out")).hasMessage(words);
    }

    private Path executable(byte[] bytes) throws IOException {
        Path file = folder.resolve("a.out");
        Files.write(file, bytes);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
