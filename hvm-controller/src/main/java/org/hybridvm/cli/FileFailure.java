// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** Why a file of the caller could not be read or written, in a person's words: Java's own are often a class or a path alone. */
final class FileFailure {
    private FileFailure() {}

    static String reason(IOException failure) {
        return switch (failure) {
            case NoSuchFileException _ -> "no such file or folder";
            case AccessDeniedException _ -> "permission denied";
            case CharacterCodingException _ -> "not UTF-8";
            case FileSystemException known when known.getReason() != null -> known.getReason();
            default -> failure.getMessage();
        };
    }
}
