// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Names for the addresses of a dump: functions of the aerokernel, and of programs whose files the host has below a mount of the
 * VM. Which file is mapped where is the guest's word; no other file of the host is opened for it.
 */
final class DumpSymbols {
    private static final Pattern MAPPING =
            Pattern.compile("([0-9a-f]{1,16})-([0-9a-f]{1,16}) \\S+ ([0-9a-f]{1,16}) \\S+ \\S+ +(/.*)");

    private final Optional<SymbolTable> kernel;
    private final List<Path> mounts;
    private final Map<Path, Optional<SymbolTable>> programs = new HashMap<>();

    /** @param kernel the aerokernel as an ELF file, if there is one */
    DumpSymbols(Optional<Path> kernel, List<Path> mounts) {
        this.kernel = kernel.flatMap(DumpSymbols::read);
        this.mounts = mounts;
    }

    private record Mapping(long start, long end, long offset, String file) {}

    boolean knowsKernel() {
        return kernel.isPresent();
    }

    /** An address of the aerokernel with its function. */
    String kernel(long address) {
        return hex(address)
                + kernel.flatMap(table -> table.at(address))
                        .map(name -> " " + name)
                        .orElse("");
    }

    /** An address of a program with its function and file. */
    String program(long address, String maps) {
        if (address < 0) {
            return kernel(address);
        }
        return mappings(maps).stream()
                .filter(one -> address >= one.start() && address < one.end())
                .findFirst()
                .map(one -> hex(address) + " " + name(address - one.start() + one.offset(), one.file()))
                .orElse(hex(address));
    }

    private String name(long offset, String file) {
        Optional<SymbolTable> table = programs.computeIfAbsent(Path.of(file), this::readBelowMount);
        return table.flatMap(symbols -> symbols.addressOf(offset).flatMap(symbols::at))
                .map(function -> function + " (" + file + ")")
                .orElse(file + "+0x" + Long.toHexString(offset));
    }

    private Optional<SymbolTable> readBelowMount(Path file) {
        try {
            Path real = file.toRealPath();
            return mounts.stream().anyMatch(real::startsWith) && Files.isRegularFile(real)
                    ? read(real)
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty(); // a file of the guest
        }
    }

    private static List<Mapping> mappings(String maps) {
        var mappings = new ArrayList<Mapping>();
        for (String line : maps.split("\n")) {
            Matcher mapping = MAPPING.matcher(line);
            if (mapping.matches()) {
                mappings.add(new Mapping(
                        Long.parseUnsignedLong(mapping.group(1), 16),
                        Long.parseUnsignedLong(mapping.group(2), 16),
                        Long.parseUnsignedLong(mapping.group(3), 16),
                        mapping.group(4)));
            }
        }
        return mappings;
    }

    private static Optional<SymbolTable> read(Path file) {
        try {
            return Optional.of(SymbolTable.read(file));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }
}
