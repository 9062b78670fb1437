// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.hybridvm.JsonObject;
import org.hybridvm.api.FakeVmControl;
import org.hybridvm.cli.HvmTester.Outcome;
import org.hybridvm.job.FakeMachine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code hvm top} and {@code hvm events} over a host that does the same in every second. */
@Timeout(30)
class TopAndEventsTest {
    @TempDir
    private Path folder;

    private FakeVmControl vms;
    private HvmTester hvm;

    @BeforeEach
    void setUp() throws Exception {
        var machine = new FakeMachine("demo", 2, folder.toRealPath()).install("/bin/true", process -> 0);
        vms = new FakeVmControl(machine, folder.resolve("console"));
        hvm = new HvmTester(vms, folder);
    }

    @AfterEach
    void tearDown() throws IOException {
        hvm.close();
    }

    @Test
    void shouldShowLoadsAndRatesOfCoresAndPartitions() {
        vms.launched();
        Outcome top = hvm.run("top", "-n", "1", "--interval", "0.3");
        assertThat(top.status()).isZero();
        assertThat(top.out().lines().skip(1).toList())
                .isEqualTo(List.of(
                        "",
                        "CORE  LOAD    OWNER         USED BY",
                        "0     25.0%   housekeeping  demo/linux: vCPU 0",
                        "1     100.0%  demo/hrt      demo/hrt: vCPU 1",
                        "",
                        "PARTITION   LOAD    CORES  BUSY  CALLS/S  TO LINUX/S  FAULTS/S  DOORBELLS/S  INTERRUPTS/S"
                                + "  SHOOTDOWNS/S  PREEMPTIONS/S",
                        "demo/linux  10.0%   1      -     -        -           -         -            -             -"
                                + "             -",
                        "demo/hrt    100.0%  1      1     1000     50          7.0       5.0          2.0           1.0"
                                + "           4.0",
                        "",
                        "VM    STATE  PID   MEMORY MIB  RESIDENT  EMULATOR  LINUX FREE MIB  PROCESSES",
                        "demo  READY  4711  2048        1024      2.0%      585             12",
                        "",
                        "JOB  STATE  TIME  CORES  WHERE  COMMAND"));
        assertThat(top.out()).contains("2 host cores, 1 VMs, no jobs; memory 2.0 of 8.0 GiB in use\n");
    }

    @Test
    void shouldShowSoManyScreensAsAsked() {
        List<JsonObject> screens = hvm.run("top", "-n", "2", "--interval", "0.3", "-o", "json")
                .out()
                .lines()
                .map(JsonObject::parse)
                .toList();
        assertThat(screens).hasSize(2);
        assertThat(screens.getLast().objects("cores").getFirst().text("owner")).isEqualTo("free");
        assertThat(screens.getLast().objects("cores").getFirst().optionalDecimal("load"))
                .contains(0.25);
    }

    @Test
    void shouldRefuseAnIntervalThatShowsNothing() {
        assertThat(hvm.run("top", "--interval", "0"))
                .isEqualTo(new Outcome(1, "", "hvm: The interval does not fit: 0.0 s. Allowed: 0.3 to 3600.0 s.\n"));
    }

    @Test
    void shouldShowWhatHappenedByNumber() {
        vms.launched();
        hvm.run("run", "--", "/bin/true");
        List<JsonObject> all = events();
        assertThat(all.stream().map(event -> event.object("facts").text("state")))
                .containsExactly("PENDING", "RUNNING", "COMPLETED");
        assertThat(all.getFirst().text("subject")).isEqualTo("job/1");
        long first = all.getFirst().number("number");
        assertThat(events("--after", String.valueOf(first))).hasSize(2);
        assertThat(events("--kind", "vm")).isEmpty();
        assertThat(events("--kind", "job", "--subject", "job/1")).hasSize(3);
        assertThat(hvm.run("events").out().lines().findFirst().orElseThrow())
                .matches(" +" + first + "  [0-9-]{10} [0-9:.]{12}  job.state +job/1 +state=PENDING .*");
    }

    @Test
    void shouldSayThatSomeAreGone() {
        assertThat(hvm.run("events", "--after", "7").err()).startsWith("hvm: No event has had this number yet: 7.");
    }

    @Test
    void shouldPrintMetrics() {
        assertThat(hvm.run("metrics").out()).contains("\nhvm_ready 1\n");
    }

    private List<JsonObject> events(String... options) {
        String[] words = new String[options.length + 3];
        System.arraycopy(new String[] {"events", "-o", "json"}, 0, words, 0, 3);
        System.arraycopy(options, 0, words, 3, options.length);
        return hvm.run(words).out().lines().map(JsonObject::parse).toList();
    }
}
