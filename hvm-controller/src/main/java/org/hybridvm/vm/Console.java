// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.vm;

import java.io.IOException;
import java.util.function.Consumer;

/** The serial console of a VM that runs. May be used from any thread. */
public interface Console {
    /** Types; blocks while the guest takes nothing. */
    void type(byte[] bytes) throws IOException;

    /** {@code hearer} gets all that is printed from now on, from a thread that it must not block. */
    void watch(Consumer<byte[]> hearer);

    void unwatch(Consumer<byte[]> hearer);
}
