// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.store;

import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/** What tells a damaged text from the one that was written. */
final class Checksum {
    private Checksum() {}

    /** The CRC-32 of a text in UTF-8; -1 of none: a damaged row may lack what the schema asks for. */
    static long of(String text) {
        if (text == null) {
            return -1;
        }
        var sum = new CRC32();
        sum.update(text.getBytes(StandardCharsets.UTF_8));
        return sum.getValue();
    }
}
