// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;

/** Where the text of a batch script comes from. */
final class ScriptSource {
    private final Context context;

    ScriptSource(Context context) {
        this.context = context;
    }

    /** A shell script of one command, as sbatch's {@code --wrap}. */
    static String wrap(String command) {
        return "#!/bin/sh\n" + command + "\n";
    }

    /** @param name a file, or {@code -}: standard input */
    String read(String name) {
        byte[] bytes = new byte[0];
        try {
            bytes = name.equals("-") ? context.stdin().readAllBytes() : Files.readAllBytes(file(name));
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (IOException e) {
            boolean program = bytes.length > 4 && bytes[0] == 0x7f && bytes[1] == 'E';
            throw HvmException.of(ErrorCode.PROGRAM_NOT_FOUND, "The batch script cannot be read")
                    .value(name + " (" + FileFailure.reason(e) + ")")
                    .allowed("a text file in UTF-8")
                    .hint(program ? "hvm submit -- " + name : null)
                    .cause(e)
                    .build();
        }
    }

    private Path file(String name) {
        return context.directory().resolve(name);
    }
}
