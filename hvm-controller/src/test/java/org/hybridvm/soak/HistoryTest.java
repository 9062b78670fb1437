// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.soak;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Many clients, random operations, kill -9 between: nothing that one was told contradicts what another was. */
@Timeout(600)
class HistoryTest {
    private static final int CLIENTS = 20;
    private static final int KILLS = Integer.getInteger("hvm.history.kills", 4);
    private static final int BETWEEN_MILLIS = 1500;
    private static final long SEED = Long.getLong("hvm.history.seed", 20260105);

    @TempDir
    private Path folder;

    @Test
    void shouldTellNobodyAnythingThatIsTakenBack() throws Exception {
        var hvmd = new FakeHvmd(folder);
        try {
            HistoryRun.Result result =
                    new HistoryRun(hvmd, CLIENTS, SEED, HistoryClient.Pace.BUSY).run(KILLS, BETWEEN_MILLIS);

            System.out.println("history seed=" + SEED + " kills=" + KILLS + " jobs=" + result.jobs() + " observations="
                    + result.observations() + " changes=" + result.changes());
            assertThat(result.contradictions()).isEmpty();
            assertThat(result.jobs()).isGreaterThan(CLIENTS);
        } finally {
            hvmd.stop();
        }
    }
}
