// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.hybridvm.access.OwnIdentity;
import org.hybridvm.cli.HvmTester;
import org.hybridvm.job.FakeMachine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a user hears who hands in jobs faster than the configuration lets him. */
@Timeout(60)
class SubmitQuotaTest {
    private static final String SUBMIT = """
            {"program": "/bin/true", "arguments": [], "directory": "%s", "options": {"--output": "/dev/null"}, "test_only": %s}
            """;

    @TempDir
    private Path folder;

    @Test
    void shouldTellWhenToComeAgain() throws Exception {
        String user = OwnIdentity.ofThisProcess().owner().name();
        Path state = Files.createDirectories(folder.resolve("s"));
        Files.writeString(state.resolve("hvmd.yaml"), "quotas: {users: {" + user + ": {submits_per_minute: 1}}}\n");
        try (var machine = new FakeMachine("demo", 2, folder.toRealPath()).install("/bin/true", process -> 0);
                var hvm = new HvmTester(
                        new FakeVmControl(machine, Files.createFile(folder.resolve("c"))).launched(), folder)) {
            Path socket = hvm.home.socket();
            assertThat(RawClient.post(socket, "/v1/jobs", submit(true)).status())
                    .isLessThan(300);
            assertThat(RawClient.post(socket, "/v1/jobs", submit(false)).status())
                    .isLessThan(300);

            RawClient.Answer refused = RawClient.post(socket, "/v1/jobs", submit(false));

            assertThat(refused.status()).isEqualTo(429);
            assertThat(refused.json().text("code")).isEqualTo("too_many_submits");
            assertThat(refused.json().text("owner")).isEqualTo("user " + user);
            long wait = refused.json().number("retry_after_s");
            assertThat(wait).isBetween(1L, 60L);
            assertThat(refused.headers()).containsEntry("retry-after", String.valueOf(wait));
            assertThat(hvm.run("run", "--", "true").err())
                    .contains("The user may not hand in jobs that fast", "again in ");
            assertThat(hvm.jobs.list()).hasSize(1);
        }
    }

    private String submit(boolean testOnly) throws Exception {
        return SUBMIT.formatted(folder.toRealPath(), testOnly);
    }
}
