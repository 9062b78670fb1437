// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;

/** Refuses, before anything is started, a host file that cannot run as a job, and says why. */
final class ProgramCheck {
    private static final String PROGRAMS = "ELF programs for 64-bit x86 (x86-64)";
    private static final String WITH_SCRIPTS = PROGRAMS + ", scripts";

    private ProgramCheck() {}

    /**
     * @param file an existing path below a mount
     * @param typed the program as the caller wrote it, for the message
     * @param kind where it is to run; the Linux partition's kernel judges scripts itself
     */
    static void requireRunnable(Path file, String typed, PartitionKind kind) {
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
            case PROGRAM -> {} // whether the guest has the interpreter of a dynamic one, only the guest knows
            case SCRIPT -> refuseScript(elf, typed, kind);
            case EMPTY ->
                throw refuse("The program is an empty file", typed, allowed(kind))
                        .build();
            case NOT_ELF ->
                throw refuse("The program is not an ELF file", found(typed, elf), allowed(kind))
                        .hint("file " + typed)
                        .build();
            case WRONG_CLASS, WRONG_MACHINE ->
                throw refuse("The program is for another architecture", found(typed, elf), allowed(kind))
                        .hint("compile it for x86-64 (cc -m64)")
                        .build();
            case NOT_EXECUTABLE_TYPE ->
                throw refuse("The file is no executable program", found(typed, elf), allowed(kind))
                        .build();
            case DAMAGED ->
                throw refuse("The ELF file is damaged", found(typed, elf), allowed(kind))
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

    private static void refuseScript(ElfFile elf, String typed, PartitionKind kind) {
        if (kind == PartitionKind.HRT) {
            throw refuse("The program is a script, which HRT partitions do not run yet", found(typed, elf), PROGRAMS)
                    .hint("hvm run --linux -- /bin/sh " + typed)
                    .build();
        }
    }

    private static String found(String typed, ElfFile elf) {
        return typed + " (" + elf.detail() + ")";
    }

    private static String allowed(PartitionKind kind) {
        return kind == PartitionKind.HRT ? PROGRAMS : WITH_SCRIPTS;
    }

    private static HvmException.Builder refuse(String what, String value, String allowed) {
        return HvmException.of(ErrorCode.PROGRAM_NOT_RUNNABLE, what)
                .value(value)
                .allowed(allowed);
    }
}
