// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.List;
import org.hybridvm.Home;

/**
 * What a cache of classes is made from: a hvmd of its own is started, adopts what {@link TrainingNode} left, is asked once for
 * all that it can tell, and stopped. {@code scripts/train-caches} runs it with the JVM's recorder on.
 */
public final class Training {
    private static final List<String> LINES = List.of(
            "--help",
            "run --help",
            "version",
            "list",
            "queue",
            "queue -o json",
            "jobs",
            "jobs --all -o json",
            "acct",
            "info nothing",
            "why 1",
            "info training",
            "info 3",
            "cancel 3",
            "doctor",
            "destroy --force training",
            "destroy nothing",
            "submit --vm nothing -- true",
            "run --vm nothing -- true",
            "daemon stop");

    private Training() {}

    /** Whether the commands succeed does not matter, only what they load. */
    public static void main(String[] arguments) {
        Context context = quiet(Context.ofThisProcess());
        for (String line : LINES) {
            Hvm.run(context, line.split(" "));
        }
        Runtime.getRuntime().halt(0);
    }

    private static Context quiet(Context own) {
        var nothing = new PrintStream(OutputStream.nullOutputStream());
        return new Context(
                InputStream.nullInputStream(),
                nothing,
                nothing,
                nothing,
                nothing,
                own.environment(),
                own.directory(),
                Home.ofThisUser(),
                false);
    }
}
