// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs with threads on two HRT cores. */
@WithVm
@Timeout(180)
class ThreadTest {
    private Node node;
    private Path threads;
    private Path openmp;

    @BeforeEach
    void copyPrograms(Node up) throws IOException {
        node = up;
        threads = Programs.in(up.folder()).path("threads");
        openmp = Programs.in(up.folder()).path("openmp");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "rounds 50",
                "turns 200",
                "identity",
                "main-ends-first",
                "alive 500",
                "many 100000",
                "timeouts",
                "sleeps",
                "sleepers 5",
                "woken 50",
                "robust",
                "rounding",
                "clone",
                "discards 50",
                "affinity 4",
                "membarrier 100",
                "fair 4"
            })
    void shouldDoWhatTheHostDoes(String part) {
        var words = new ArrayList<String>();
        words.add(threads.toString());
        words.addAll(List.of(part.split(" ")));
        Outcome onHost =
                Commands.run(Commands.builder(node.folder(), Map.of(), words), new byte[0], Duration.ofMinutes(1));

        Outcome onHrt = onTwoCores(words.toArray(String[]::new));

        assertThat(onHrt.succeeded().text()).isEqualTo(onHost.succeeded().text());
        assertThat(onHrt.errors()).isEmpty();
    }

    @Test
    void shouldEndAProgramWhoseOtherThreadLoops() {
        onTwoCores(threads.toString(), "exit-while-looping").endedWith(5);
        assertFree();
    }

    @Test
    void shouldReportTheThreadThatCrashed() {
        Outcome crashed = onTwoCores(threads.toString(), "crash").endedWith(128 + 11);

        assertThat(crashed.errors())
                .contains("SIGSEGV at address 0x0")
                .contains("#0 ")
                .contains("crash_in_thread+");
        assertFree();
    }

    @Test
    void shouldEndAllThreadsByASignal() throws Exception {
        Process loop = node.command(
                        "run", "--vm", Node.VM, "--cores", "2", "--time", "3", "--", threads.toString(), "loop")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertThat(loop.waitFor()).isEqualTo(128 + 15);
        assertFree();
    }

    /** Threads that compute share a core by its timer, and keep their registers. */
    @Test
    void shouldKeepTheRegistersOfThreadsThatShareACore() {
        Outcome onHost = Commands.run(
                Commands.builder(node.folder(), Map.of(), List.of(threads.toString(), "doubles", "6")),
                new byte[0],
                Duration.ofMinutes(1));

        assertThat(node.run(threads.toString(), "doubles", "6").succeeded().text())
                .isEqualTo(onHost.succeeded().text());
    }

    @Test
    void shouldNameTheEndOfItsThreads() {
        Outcome refused = onTwoCores(threads.toString(), "alive", "1000").endedWith(1);

        assertThat(refused.text()).isEqualTo("pthread_create: Resource temporarily unavailable\n");
        assertThat(refused.errors()).contains("clone (56) is served in part: the job has as many threads as it can");
        assertFree();
    }

    @Test
    void shouldLeaveNothingBehindWhenKilledAtAnyInstant() throws Exception {
        var random = new Random(20);
        for (int i = 0; i < 5; i++) {
            Process churn = node.command("run", "--vm", Node.VM, "--cores", "2", "--", threads.toString(), "churn", "4")
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            assertThat(churn.inputReader().readLine()).isEqualTo("churning");
            TimeUnit.MICROSECONDS.sleep(random.nextInt(50_000)); // the instant is what is tested

            node.linux("/bin/busybox", "sh", "-c", "kill -9 $(pidof hvm-proxy)").succeeded();

            assertThat(churn.waitFor()).isEqualTo(128 + 9);
            assertFree();
        }
    }

    /** As above, a hundred times, with the proxy alone. */
    @Test
    void shouldLeaveNothingBehindWhenKilledAHundredTimes() {
        String kill = """
                for i in $(seq 100); do
                    /hvm/bin/hvm-proxy --cores 2 --report-fd 3 -- %s churn 4 3>/dev/null >/tmp/churn & proxy=$!
                    until grep -q churning /tmp/churn; do usleep 1000; done
                    usleep $((RANDOM %% 50000))
                    kill -9 $proxy
                    wait $proxy
                    [ $? = 137 ] || exit 1
                    : >/tmp/churn
                done""";

        node.linux("/bin/busybox", "sh", "-c", kill.formatted(threads)).succeeded();

        assertFree();
    }

    @Test
    void shouldRunOpenMpOnAllCoresOfTheJob() {
        Outcome one = node.run(openmp.toString()).succeeded();
        Outcome two = onTwoCores(openmp.toString()).succeeded();

        assertThat(one.text()).startsWith("threads 1 processors 1 sum ");
        assertThat(two.text()).isEqualTo(one.text().replace("threads 1 processors 1", "threads 2 processors 2"));
    }

    /** A futex in a file that both map: a waiter on the HRT is woken from Linux, and the other way round. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldMeetProcessesOfTheLinuxPartition(boolean waiterOnHrt) throws Exception {
        String meet = Programs.in(node.folder()).path("meet").toString();
        String file = "/tmp/meet-" + waiterOnHrt;
        Process waiter = node.command(
                        waiterOnHrt
                                ? new String[] {"run", "--vm", Node.VM, "--", meet, "wait", file}
                                : new String[] {"run", "--vm", Node.VM, "--linux", "--", meet, "wait", file})
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        var output = waiter.inputReader();
        assertThat(output.readLine()).isEqualTo("waiting");

        Outcome waker = waiterOnHrt ? node.linux(meet, "wake", file) : node.run(meet, "wake", file);

        assertThat(waker.succeeded().text()).isEqualTo("woken\n");
        assertThat(output.readLine()).isEqualTo("met 7");
        assertThat(waiter.waitFor()).isZero();
    }

    private Outcome onTwoCores(String... program) {
        var words = new ArrayList<>(List.of("run", "--vm", Node.VM, "--cores", "2", "--"));
        words.addAll(List.of(program));
        return Commands.run(node.command(words.toArray(String[]::new)), new byte[0], Duration.ofMinutes(2));
    }

    private void assertFree() {
        assertThat(node.json("info", Node.VM).objects("partitions").get(1).number("cores_free"))
                .isEqualTo(2);
        node.run("/bin/busybox", "true").succeeded();
    }
}
