// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ProcessWatchTest implements ProcessWatch.Listener {
    private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    private Process process;

    @BeforeEach
    void start() throws Exception {
        process = new ProcessBuilder("/bin/sleep", "600").start();
    }

    @AfterEach
    void end() {
        process.destroyForcibly();
    }

    @Test
    void shouldTellOfTheEndOfAProcess() throws Exception {
        ProcessWatch.begin(process.pid(), this);

        process.destroyForcibly();

        assertThat(next()).isEqualTo("ended " + process.pid());
    }

    @Test
    void shouldTellThatAProcessIsStoppedAndGoesOn() throws Exception {
        ProcessWatch.begin(process.pid(), this);

        signal("-STOP");
        assertThat(next()).isEqualTo("stopped " + process.pid());
        signal("-CONT");
        assertThat(next()).isEqualTo("continued " + process.pid());
    }

    @Test
    void shouldTellOfTheEndOfAStoppedProcess() throws Exception {
        ProcessWatch.begin(process.pid(), this);
        signal("-STOP");
        assertThat(next()).isEqualTo("stopped " + process.pid());

        process.destroyForcibly();

        assertThat(next()).isEqualTo("ended " + process.pid());
    }

    @Test
    void shouldTellThatAProcessWasGoneBefore() throws Exception {
        process.destroyForcibly().waitFor();

        ProcessWatch.begin(process.pid(), this);

        assertThat(next()).isEqualTo("ended " + process.pid());
    }

    @Test
    void shouldLeaveNoDescriptorBehind() throws Exception {
        start();
        long before = pidDescriptors();
        ProcessWatch.begin(process.pid(), this);

        process.destroyForcibly();

        assertThat(next()).isEqualTo("ended " + process.pid());
        assertThat(pidDescriptors()).isEqualTo(before);
    }

    private static long pidDescriptors() throws Exception {
        try (var descriptors = Files.list(Path.of("/proc/self/fd"))) {
            return descriptors.filter(ProcessWatchTest::isPidDescriptor).count();
        }
    }

    private static boolean isPidDescriptor(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString().contains("[pidfd]");
        } catch (java.io.IOException e) {
            return false; // closed meanwhile
        }
    }

    private String next() throws InterruptedException {
        return heard.poll(30, TimeUnit.SECONDS);
    }

    private void signal(String name) throws Exception {
        assertThat(new ProcessBuilder("/bin/kill", name, String.valueOf(process.pid()))
                        .start()
                        .waitFor())
                .isZero();
    }

    @Override
    public void stopped(long pid) {
        heard.add("stopped " + pid);
    }

    @Override
    public void continued(long pid) {
        heard.add("continued " + pid);
    }

    @Override
    public void ended(long pid) {
        heard.add("ended " + pid);
    }
}
