// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * hvm-stress holds hvm.ko and the aerokernel to their promises from inside the guest: shootdowns before pages are reused,
 * exceptions, kills at random instants, cores that do not answer, reboots under a job, modules that come and go, hostile
 * requests.
 */
@WithVm
class StressTest {
    private static final Path BINARY = Tree.ROOT.resolve("guest-linux-proxy/build/stress/hvm-stress");

    @Test
    @Timeout(180)
    void shouldStandWhatHvmStressDoes(Node node) throws IOException {
        Path program = Files.copy(BINARY, node.folder().resolve("hvm-stress"), StandardCopyOption.REPLACE_EXISTING);

        Outcome stressed = node.linux(program.toString(), "-n", "100").succeeded();

        assertThat(stressed.text().lines())
                .containsExactly(
                        "ok memory",
                        "ok shootdowns",
                        "ok exceptions",
                        "ok kill-running",
                        "ok kill-any-time",
                        "ok kill-deaf",
                        "ok reboot-under-job",
                        "ok modules",
                        "ok hostile-requests");
        node.run("/bin/busybox", "true").succeeded();
    }
}
