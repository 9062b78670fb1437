// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Supplier;
import org.hybridvm.ErrorCode;
import org.hybridvm.Finding;
import org.hybridvm.HvmException;

/** The mistakes of one file, gathered so that a person sees all of them at once. */
public final class Findings {
    /** More would not be read. */
    static final int MOST = 50;

    private final ErrorCode code;
    private final List<Finding> found = new ArrayList<>();

    /** Of a layout. */
    Findings() {
        this(ErrorCode.INVALID_LAYOUT);
    }

    /** @param code what the file is refused with */
    public Findings(ErrorCode code) {
        this.code = code;
    }

    /** What {@code read} gives; {@code fallback} if there is a mistake, which is noted. */
    public <T> T or(T fallback, Supplier<T> read) {
        try {
            return read.get();
        } catch (Refusal refusal) {
            add(refusal);
            return fallback;
        }
    }

    void add(Refusal refusal) {
        found.add(refusal.finding());
    }

    boolean isEmpty() {
        return found.isEmpty();
    }

    /** Notes a mistake, unless there are others: it may only follow from them. */
    void ifSound(Runnable check) {
        if (isEmpty()) {
            or(null, () -> {
                check.run();
                return null;
            });
        }
    }

    /** @throws HvmException with all mistakes, if there is one */
    public void throwIfAny() {
        if (found.isEmpty()) {
            return;
        }
        List<Finding> sorted = found.stream()
                .sorted(Comparator.comparingInt(Finding::line).thenComparingInt(Finding::column))
                .limit(MOST)
                .toList();
        throw found.size() == 1 ? one(sorted.getFirst()) : several(sorted);
    }

    private HvmException one(Finding finding) {
        return HvmException.of(code, finding.title())
                .value(finding.value())
                .allowed(finding.allowed())
                .hint(finding.mend())
                .findings(List.of(finding))
                .build();
    }

    private HvmException several(List<Finding> sorted) {
        return HvmException.of(
                        code, "%s has %d mistakes".formatted(sorted.getFirst().file(), found.size()))
                .findings(sorted)
                .build();
    }
}
