// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.layout;

import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes as people write them: {@code 64MiB}, {@code 2 GiB}, {@code 512M}. Units are powers of 1024. */
public final class ByteSize {
    static final Pattern FORM = Pattern.compile("([0-9]{1,12}) ?(B|[KMGT](?:iB|B)?)?");
    private static final Map<Character, Integer> SHIFT = Map.of('B', 0, 'K', 10, 'M', 20, 'G', 30, 'T', 40);

    private ByteSize() {}

    /** Empty if the text is no size, or one beyond 2^63. */
    public static OptionalLong parse(String text) {
        Matcher form = FORM.matcher(text.strip());
        if (!form.matches()) {
            return OptionalLong.empty();
        }
        int shift = form.group(2) == null ? 0 : SHIFT.get(form.group(2).charAt(0));
        long number = Long.parseLong(form.group(1));
        return number > Long.MAX_VALUE >> shift ? OptionalLong.empty() : OptionalLong.of(number << shift);
    }

    /** In the largest unit that leaves no fraction. */
    public static String format(long bytes) {
        String[] units = {"B", "KiB", "MiB", "GiB", "TiB"};
        int unit = 0;
        while (unit < units.length - 1 && bytes != 0 && bytes % 1024 == 0) {
            bytes /= 1024;
            unit++;
        }
        return bytes + units[unit];
    }
}
