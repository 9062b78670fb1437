// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Many runs on one VM leave nothing behind. */
@WithVm
class EnduranceTest {
    private static final int RUNS = 200;

    @Test
    @Timeout(400)
    void shouldLeaveNoProcessDescriptorOrCoreBehind(Node node) {
        node.run("/bin/busybox", "true").succeeded();
        String before = traces(node);

        for (int i = 0; i < RUNS; i++) {
            assertThat(node.run("/bin/busybox", "echo", String.valueOf(i))
                            .succeeded()
                            .text())
                    .isEqualTo(i + "\n");
        }

        assertThat(traces(node)).isEqualTo(before);
    }

    /** What a run could leave in the guest: processes by name, the agent's descriptors, cores and jobs of the partition. */
    private static String traces(Node node) {
        return node.linux("/bin/busybox", "sh", "-c", """
                        names=$(for p in /proc/[0-9]*; do
                            [ -n "$(cat $p/cmdline 2>/dev/null)" ] && cat $p/comm
                        done)
                        echo "$names" | sort | uniq -c
                        echo descriptors $(ls /proc/1/fd | wc -l) $(ls /proc/$PPID/fd | wc -l)
                        for f in state cores_free generation; do
                            echo $f $(cat /sys/class/misc/hvm/hrt/$f || echo unreadable)
                        done
                        """).succeeded().text();
    }
}
