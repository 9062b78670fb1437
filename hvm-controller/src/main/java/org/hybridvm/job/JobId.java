// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;

/**
 * A job as people name it, like Slurm: {@code 12}, which may mean all tasks of an array, or {@code 12_3}, the task of index 3 of
 * array 12.
 */
public record JobId(int number, OptionalInt task) {
    private static final Pattern FORM = Pattern.compile("([0-9]{1,9})(?:_([0-9]{1,9}))?");

    static JobId of(int number) {
        return new JobId(number, OptionalInt.empty());
    }

    /** Empty if the text is none. */
    static Optional<JobId> tryParse(String text) {
        Matcher found = FORM.matcher(text);
        if (!found.matches()) {
            return Optional.empty();
        }
        OptionalInt task =
                found.group(2) == null ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(found.group(2)));
        return Optional.of(new JobId(Integer.parseInt(found.group(1)), task));
    }

    /** @throws HvmException {@link ErrorCode#INVALID_REQUEST} */
    public static JobId parse(String text) {
        return tryParse(text)
                .orElseThrow(() -> HvmException.of(ErrorCode.INVALID_REQUEST, "No job number")
                        .field("job")
                        .value(text)
                        .allowed("a number, or ARRAY_TASK for a task of an array")
                        .hint("hvm jobs")
                        .build());
    }

    /** Whether it is this job, or one of the array that is meant. */
    boolean means(JobRecord record) {
        Optional<BatchFacts> array = record.batch().filter(facts -> facts.arrayJob() == number && number > 0);
        return task.isPresent()
                ? array.filter(facts -> facts.arrayTask() == task.getAsInt()).isPresent()
                : record.number() == number || array.isPresent();
    }

    @Override
    public String toString() {
        return task.isPresent() ? number + "_" + task.getAsInt() : String.valueOf(number);
    }
}
