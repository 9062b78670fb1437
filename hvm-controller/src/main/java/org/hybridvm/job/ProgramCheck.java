// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;

/** Refuses, before anything is started, a host file that cannot run as a job, and says why. */
final class ProgramCheck {
    private static final String ALLOWED = "ELF programs for 64-bit x86 (x86-64), scripts";

    private ProgramCheck() {}

    /**
     * @param file an existing path below a mount
     * @param typed the program as the caller wrote it, for the message
     */
    static void requireRunnable(Path file, String typed) {
        if (Files.isDirectory(file)) {
            throw refuse("The program is a directory", typed, "a file").build();
        }
        if (!Files.isRegularFile(file)) {
            throw refuse("The program is not a regular file", typed, "a file").build();
        }
        if (!Files.isExecutable(file)) {
            throw refuse("The program is not executable", typed, "a file with execute permission")
                    .hint("chmod +x " + typed)
                    .build();
        }
        ElfFile elf = read(file, typed);
        switch (elf.kind()) {
            case PROGRAM, SCRIPT -> {} // whether the guest has its interpreter, only the guest knows
            case EMPTY ->
                throw refuse("The program is an empty file", typed, ALLOWED).build();
            case NOT_ELF ->
                throw refuse("The program is not an ELF file", found(typed, elf), ALLOWED)
                        .hint("file " + typed)
                        .build();
            case WRONG_CLASS, WRONG_MACHINE ->
                throw refuse("The program is for another architecture", found(typed, elf), ALLOWED)
                        .hint("compile it for x86-64 (cc -m64)")
                        .build();
            case NOT_EXECUTABLE_TYPE ->
                throw refuse("The file is no executable program", found(typed, elf), ALLOWED)
                        .build();
            case DAMAGED ->
                throw refuse("The ELF file is damaged", found(typed, elf), ALLOWED)
                        .hint("readelf -lW " + typed)
                        .build();
        }
    }

    private static ElfFile read(Path file, String typed) {
        try {
            return ElfFile.read(file);
        } catch (IOException e) {
            throw refuse("The program cannot be read", typed + " (" + e.getMessage() + ")", "a readable file")
                    .cause(e)
                    .build();
        }
    }

    private static String found(String typed, ElfFile elf) {
        return typed + " (" + elf.detail() + ")";
    }

    private static HvmException.Builder refuse(String what, String value, String allowed) {
        return HvmException.of(ErrorCode.PROGRAM_NOT_RUNNABLE, what)
                .value(value)
                .allowed(allowed);
    }
}
