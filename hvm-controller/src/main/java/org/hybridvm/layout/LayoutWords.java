// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The words that layouts have for the constants of {@link Layout}. */
public final class LayoutWords {
    private LayoutWords() {}

    /** What the constant calls itself, else its name in lower case. */
    public static String of(Enum<?> constant) {
        String own = constant.toString();
        return own.equals(constant.name()) ? own.toLowerCase(Locale.ROOT) : own;
    }

    /** All of them. */
    static String of(Class<? extends Enum<?>> type) {
        return Arrays.stream(type.getEnumConstants()).map(LayoutWords::of).collect(Collectors.joining(", "));
    }

    /** The constant of a word. */
    static <E extends Enum<E>> E constant(Class<E> type, String word) {
        return Arrays.stream(type.getEnumConstants())
                .filter(constant -> of(constant).equals(word))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(type.getSimpleName() + " has no " + word));
    }
}
