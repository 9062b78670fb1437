// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.soak;

import java.io.IOException;
import java.nio.file.Path;

/** An hvmd in a process of its own, to be killed. */
interface HvmdUnderTest {
    Path socket();

    /** Where jobs may write. */
    Path folder();

    /** kill -9, and a new one, which answers. */
    void killAndStart() throws IOException, InterruptedException;
}
