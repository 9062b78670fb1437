// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** System calls, with sensible arguments and with others, answer and do on HRT cores what they do in the Linux partition. */
@WithVm
@Timeout(180)
class CallsTest {
    private Node node;
    private Programs programs;

    @BeforeEach
    void copyPrograms(Node up) throws IOException {
        node = up;
        programs = Programs.in(up.folder());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "files",
                "descriptors",
                "pipes",
                "memory",
                "identity",
                "time",
                "threads",
                "signals",
                "ipc",
                "others",
                "numbers",
                "children"
            })
    void shouldAnswerAsLinuxDoes(String family) {
        String program = programs.path("calls-" + family).toString();
        Outcome onLinux = node.linux(program).succeeded();

        Outcome onHrt = node.onCores(2, program).succeeded();

        assertThat(onHrt.text()).isEqualTo(onLinux.text()).endsWith("done\n");
    }

    /** What answers otherwise by design is left out of the comparison, and is this. */
    @Test
    void shouldRefuseWhatIsNotForHrtCores() {
        Outcome onHrt = node.onCores(2, programs.path("calls-differences").toString());

        assertThat(onHrt.succeeded().text()).isEqualTo("""
                rseq(area, 32, 0, 0x53053053) = ENOSYS
                modify_ldt(0, area, 16) = ENOSYS
                iopl(0) = ENOSYS
                ioperm(0x80, 1, 0) = ENOSYS
                prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) = 0
                seccomp(SECCOMP_SET_MODE_FILTER, 0, &filter) = EPERM
                prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) = EINVAL
                prctl(PR_SET_TSC, PR_TSC_ENABLE) = EINVAL
                prctl(PR_SET_MM, PR_SET_MM_MAP_SIZE, area, 0, 0) = EINVAL
                prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 0, 0, 0) = EINVAL
                unshare(0) = EPERM
                setns(-1, 0) = EPERM
                ptrace(PTRACE_TRACEME, 0, 0, 0) = EPERM
                select(501, &reading, NULL, NULL, &now) = EBADF
                done
                """);
    }
}
