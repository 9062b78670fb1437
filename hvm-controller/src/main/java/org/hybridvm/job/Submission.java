// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.hybridvm.Json;
import org.hybridvm.JsonObject;
import org.hybridvm.store.RequestTable;

/**
 * A batch job as a caller hands it in.
 *
 * @param script its text, or empty: {@code program} is run
 * @param program the program, or the script's name
 * @param directory absolute; output files and relative names start from it
 * @param options by sbatch(1)'s long names with their dashes; they replace the script's own
 * @param testOnly check it, and keep nothing
 */
public record Submission(
        Optional<String> script,
        String program,
        List<String> arguments,
        Path directory,
        List<String> environment,
        String searchPath,
        Map<String, String> options,
        boolean testOnly) {
    public Submission {
        arguments = List.copyOf(arguments);
        environment = List.copyOf(environment);
        options = new java.util.LinkedHashMap<>(options);
    }

    /** The same with another environment. */
    Submission with(List<String> other) {
        return new Submission(script, program, arguments, directory, other, searchPath, options, testOnly);
    }

    /**
     * The answer.
     *
     * @param jobs the numbers, one for each task of an array; none if it was only a test
     * @param warnings a sentence for each option that has no meaning here
     */
    public record Accepted(List<Integer> jobs, List<String> warnings) {
        /** As it is kept beside the request's key. */
        String toText() {
            var json = new java.util.LinkedHashMap<String, Object>();
            json.put("jobs", jobs);
            json.put("warnings", warnings);
            return Json.write(json);
        }

        static Accepted of(RequestTable.Earlier earlier) {
            JsonObject json = JsonObject.parse(earlier.answer().orElse("{}"));
            return new Accepted(
                    json.numbers("jobs").stream().map(Math::toIntExact).toList(), json.texts("warnings"));
        }
    }
}
