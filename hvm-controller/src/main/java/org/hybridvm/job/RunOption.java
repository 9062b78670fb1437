// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;

/** What a caller may ask of a run on HRT cores: {@code enum hvm_run_option} of hvm/frame.h. */
public enum RunOption {
    /** Report each system call's count and time at the end. */
    STATS(1),
    /** Have memory there before it is touched. */
    POPULATE(2),
    /** Use 4 KiB pages only. */
    NO_HUGE_PAGES(4),
    /** Take large mappings from the partition's own memory. */
    PARTITION_MEMORY(8);

    private final int bit;

    RunOption(int bit) {
        this.bit = bit;
    }

    /** The word that callers use. */
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** @throws HvmException if there is no such option */
    public static Set<RunOption> ofWords(List<String> words) {
        var options = EnumSet.noneOf(RunOption.class);
        words.forEach(word -> options.add(ofWord(word)));
        return options;
    }

    private static RunOption ofWord(String word) {
        return Arrays.stream(values())
                .filter(option -> option.word().equals(word))
                .findFirst()
                .orElseThrow(() -> HvmException.of(ErrorCode.INVALID_REQUEST, "No such option of a run")
                        .value(word)
                        .allowed(Arrays.stream(values()).map(RunOption::word).collect(Collectors.joining(", ")))
                        .build());
    }

    /** As the guest's agent is told. */
    public static int bits(Collection<RunOption> options) {
        return options.stream().mapToInt(option -> option.bit).reduce(0, (a, b) -> a | b);
    }
}
