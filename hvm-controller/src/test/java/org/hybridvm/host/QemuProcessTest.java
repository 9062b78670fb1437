// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class QemuProcessTest {
    private final UUID uuid = UUID.randomUUID();

    @Test
    void shouldFindTheProcessThatHasTheUuidInItsArguments() throws Exception {
        Process qemu = start("-name", "hvm-demo", "-uuid", uuid.toString(), "-display", "none");
        try {
            assertThat(QemuProcess.find(uuid)).hasValue(qemu.pid());
        } finally {
            end(qemu);
        }
        assertThat(QemuProcess.find(uuid)).isEmpty();
    }

    @Test
    void shouldNotTakeAProcessThatOnlyMentionsTheUuid() throws Exception {
        Process other = start("-uuid", UUID.randomUUID().toString(), uuid.toString(), "-uuid");
        try {
            assertThat(QemuProcess.find(uuid)).isEmpty();
        } finally {
            end(other);
        }
    }

    /** A process with these arguments that lives until its standard input is closed. */
    private static Process start(String... arguments) throws IOException {
        var command = new ProcessBuilder("/bin/sh", "-c", "echo; read line", "qemu");
        command.command().addAll(List.of(arguments));
        Process process = command.start();
        assertThat(process.getInputStream().read()).isEqualTo('\n'); // it runs
        return process;
    }

    private static void end(Process process) throws Exception {
        process.getOutputStream().close();
        assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }
}
