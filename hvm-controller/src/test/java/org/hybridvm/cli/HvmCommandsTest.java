// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hybridvm.job.OutputStreamKind.STDERR;
import static org.hybridvm.job.OutputStreamKind.STDOUT;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.hybridvm.JsonObject;
import org.hybridvm.api.FakeVmControl;
import org.hybridvm.cli.HvmTester.Outcome;
import org.hybridvm.job.FakeMachine;
import org.hybridvm.job.HrtCounters;
import org.hybridvm.job.PartitionKind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** All commands but {@code run} against an hvmd whose VM is in memory: their words, their JSON, their status. */
@Timeout(30)
class HvmCommandsTest {
    @TempDir
    private Path folder;

    private FakeMachine machine;
    private FakeVmControl vms;
    private HvmTester hvm;

    @BeforeEach
    void setUp() throws Exception {
        Path console = Files.writeString(folder.resolve("console"), "Linux version 6.1\n");
        machine = new FakeMachine("demo", 2, folder.toRealPath())
                .install("/bin/true", process -> 0)
                .install("/bin/sleep", process -> process.awaitSignal());
        vms = new FakeVmControl(machine, console);
        hvm = new HvmTester(vms, folder);
    }

    @AfterEach
    void tearDown() throws IOException {
        hvm.close();
    }

    @Test
    void shouldShowAPlanAsADiffAndAPictureOfCores() throws IOException {
        Files.writeString(folder.resolve("demo.yaml"), "name: demo\n");
        assertThat(hvm.run("plan", "--out", "plan.json", "--svg", "cores.svg", "demo.yaml"))
                .isEqualTo(new Outcome(0, """
                        ~ demo is ended and booted anew
                            ~ linux.cores    1 -> 2   (restart)
                            + console.limit  2MiB

                        NODE  HOST CORES  BEFORE  AFTER
                        0     0           free    demo/linux  *
                        0     1           free    demo/hrt    *

                        Memory promised: none, then 2GiB, of 4GiB

                        VMs: 1 to restart
                        """, ""));
        assertThat(folder.resolve("cores.svg")).content().startsWith("<svg ").contains("demo/hrt");
        assertThat(JsonObject.parse(Files.readString(folder.resolve("plan.json")))
                        .text("format"))
                .isEqualTo("hvm-plan/1");
    }

    @Test
    void shouldShowWhatAJobDoesOnHrtCores() throws Exception {
        vms.launched();
        hvm.run("submit", "-o", "/dev/null", "--", "/bin/sleep");
        while (machine.commands().isEmpty()) {
            Thread.sleep(5);
        }
        assertThat(hvm.run("stat", "1").out()).doesNotContain("HRT");
        machine.count(new HrtCounters(2, 30, 4, 5, 6, 7, 8, 9, 10));
        assertThat(hvm.run("stat", "1").out()).endsWith("""
                HRT PROCESSES  CALLS  TO LINUX  FAULTS  INTERRUPTS  SHOOTDOWNS  PREEMPTIONS
                2              30     4         5       8           9           10
                """);
        assertThat(JsonObject.parse(hvm.run("stat", "-o", "json", "1").out())
                        .object("hrt")
                        .asMap())
                .containsEntry("doorbells", 6L)
                .containsEntry("halts", 7L);
    }

    @Test
    void shouldApplyLayoutsAndPlans() throws IOException {
        Files.writeString(folder.resolve("demo.yaml"), "name: demo\n");
        vms.launched();
        Outcome applied = hvm.run("apply", "demo.yaml");
        assertThat(applied.out()).isEqualTo("VMs: 1 to restart\n");
        assertThat(applied.err()).contains("demo: restart").contains("QEMU");
        assertThat(hvm.run("plan", "--out", "none/plan.json", "demo.yaml").err())
                .contains("none/plan.json (no such file or folder)");
        hvm.run("plan", "--out", "plan.json", "demo.yaml");
        assertThat(hvm.run("apply", "plan.json").out()).isEqualTo("Nothing to do: all is as declared.\n");
        assertThat(hvm.run("apply", "plan.json", "demo.yaml").err()).contains("A plan stands for itself: plan.json");
        assertThat(hvm.run("apply", "missing.yaml").err()).contains("No such layout file");
    }

    @Test
    void shouldGiveALayoutBackAsYaml() {
        vms.launched();
        assertThat(hvm.run("get", "demo", "-o", "yaml").out())
                .contains("name: demo\n")
                .contains("memory: 2GiB\n");
        assertThat(hvm.run("get", "--all").out())
                .isEqualTo(hvm.run("get", "demo").out());
        assertThat(hvm.run("get").err()).contains("No VM is named");
        assertThat(hvm.run("get", "demo", "-o", "toml").err()).contains("Allowed: yaml, json");
    }

    @Test
    void shouldListVms() {
        assertThat(hvm.run("list")).isEqualTo(new Outcome(0, "No VMs. Try: hvm launch\n", ""));
        vms.launched();
        assertThat(hvm.run("list").out()).isEqualTo("""
                        VM    STATE  ACCELERATION  PARTITIONS
                        demo  READY  tcg           hrt (hrt, 2 cores, READY)
                        """);
    }

    @Test
    void shouldListVmsAsJson() {
        vms.launched();
        JsonObject answer = JsonObject.parse(hvm.run("list", "-o", "json").out());
        assertThat(answer.objects("vms").getFirst().text("name")).isEqualTo("demo");
    }

    @Test
    void shouldShowTheFactsOfAVm() {
        vms.launched();
        assertThat(hvm.run("info", "demo").out())
                .contains("acceleration  tcg\n")
                .contains("partitions:\n");
    }

    @Test
    void shouldShowTheFactsOfAJob() {
        vms.launched();
        hvm.run("run", "--", "/bin/true", "a", "b");
        assertThat(hvm.run("info", "1").out())
                .contains("state      COMPLETED\n")
                .contains("command    /bin/true a b\n");
    }

    @Test
    void shouldRefuseAnUnknownVm() {
        assertThat(hvm.run("info", "other"))
                .isEqualTo(
                        new Outcome(1, "", "hvm: There is no such VM: other. Allowed: none is there. Try: hvm list\n"));
    }

    @Test
    void shouldRefuseAnUnknownJob() {
        assertThat(hvm.run("info", "9"))
                .isEqualTo(new Outcome(1, "", "hvm: No such job: 9. Allowed: the last 10000 jobs. Try: hvm jobs\n"));
    }

    @Test
    void shouldShowTheProgressOfALaunch() {
        assertThat(hvm.run("launch")).isEqualTo(new Outcome(0, "demo\n", """
                          firmware                         12 ms
                        hvm: no KVM here, QEMU interprets (TCG): slow
                        """));
    }

    @Test
    void shouldTellWhyALaunchFailedOnTheWay() throws IOException {
        Files.writeString(folder.resolve("l.yaml"), "broken");
        assertThat(hvm.run("launch", "l.yaml")).isEqualTo(new Outcome(1, "", """
                          firmware                         12 ms
                        hvm: no KVM here, QEMU interprets (TCG): slow
                        hvm: The VM did not boot: kernel panic. Try: hvm console demo
                        """));
    }

    @Test
    void shouldRefuseAWrongLayoutBeforeTheLaunch() throws IOException {
        Files.writeString(folder.resolve("l.yaml"), "wrong");
        Outcome refused = new Outcome(1, "", "hvm: l.yaml:1:1: unknown field: wrong.\n");
        assertThat(hvm.run("launch", "l.yaml")).isEqualTo(refused);
        assertThat(hvm.run("validate", "l.yaml")).isEqualTo(refused);
    }

    @Test
    void shouldAcceptAValidLayout() throws IOException {
        Files.writeString(folder.resolve("l.yaml"), "name: demo");
        assertThat(hvm.run("validate", "l.yaml")).isEqualTo(new Outcome(0, "l.yaml: valid, VM 'demo'\n", ""));
        assertThat(hvm.runWithInput("name: demo\n---\nname: demo\n", "validate", "-"))
                .isEqualTo(new Outcome(0, "-: valid, VM 'demo'\n-: valid, VM 'demo'\n", ""));
    }

    @Test
    void shouldRefuseALayoutFileThatIsNotThere() {
        assertThat(hvm.run("validate", "none.yaml").err())
                .startsWith("hvm: No such layout file: ")
                .endsWith("none.yaml. Allowed: a readable YAML file in UTF-8.\n");
    }

    @Test
    void shouldShowTheConsole() {
        vms.launched();
        assertThat(hvm.run("console", "demo")).isEqualTo(new Outcome(0, "Linux version 6.1\n", ""));
    }

    @Test
    void shouldTypeOnTheConsoleUntilTheLeavingKey() throws Exception {
        vms.launched();
        var keyboard = new java.io.PipedOutputStream();
        var out = new java.io.ByteArrayOutputStream();
        var context = hvm.context(new java.io.PipedInputStream(keyboard), out, out);
        Thread command = Thread.ofPlatform().start(() -> Hvm.run(context, "console", "-i", "demo"));
        keyboard.write("ls\n".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        while (!out.toString(java.nio.charset.StandardCharsets.UTF_8).equals("ls\n")) { // the guest echoes
            assertThat(command.isAlive()).isTrue();
            Thread.sleep(5);
        }
        keyboard.write(ConsoleSession.LEAVE);
        command.join();
        assertThat(out.toString(java.nio.charset.StandardCharsets.UTF_8)).isEqualTo("ls\n");
    }

    @Test
    void shouldShowLogsByTheirOwner() {
        vms.launched();
        assertThat(hvm.run("logs", "demo").out()).isEqualTo("kernel\n");
        assertThat(hvm.run("logs", "demo", "--kind", "qemu").out()).isEqualTo("qemu\n");
        assertThat(hvm.run("logs", "demo/hrt").out()).isEqualTo("hrt of hrt\n");
    }

    @Test
    void shouldShowTheReportOfAJob() {
        vms.launched();
        machine.install("/bin/odd", process -> {
            process.report("unserved nr=435 name=clone3");
            return 0;
        });
        assertThat(hvm.run("run", "--", "/bin/odd").err())
                .isEqualTo("hvm: system call clone3 (435) is not served yet, the program got ENOSYS\n");
        assertThat(hvm.run("logs", "1").out()).endsWith("Z unserved nr=435 name=clone3\n");
    }

    @Test
    void shouldSayThatHvmdHasNoLogYet() {
        assertThat(hvm.run("logs", "hvmd").err()).startsWith("hvm: hvmd has not run yet, there is no log: ");
    }

    @Test
    void shouldRebootAPartition() {
        vms.launched();
        assertThat(hvm.run("reboot", "demo/hrt")).isEqualTo(new Outcome(0, "demo/hrt READY after 1.9 ms\n", ""));
        assertThat(hvm.run("reboot", "demo").err())
                .isEqualTo("hvm: No partition: demo. Allowed: VM/PARTITION. Try: hvm list\n");
    }

    @Test
    void shouldLoadListAndUnloadModules() {
        vms.launched();
        assertThat(hvm.run("module", "list", "demo"))
                .isEqualTo(new Outcome(0, "No modules in demo/hrt. Try: hvm module load demo/hrt FILE\n", ""));
        assertThat(hvm.run("module", "load", "demo/hrt", "counter.so").out()).isEqualTo("""
                        MODULE   ADDRESS             BYTES  FUNCTIONS
                        counter  0xffffffff00000000  4096   one two three four five six and 2 more
                        """);
        assertThat(hvm.run("module", "unload", "demo/hrt", "counter")).isEqualTo(new Outcome(0, "", ""));
        assertThat(hvm.run("module", "list", "demo").out()).startsWith("No modules");
    }

    @Test
    void shouldRefuseModuleCommandsThatLackSomething() {
        vms.launched();
        assertThat(hvm.run("module", "load", "demo").err())
                .isEqualTo("hvm: Nothing to load. Allowed: a module's file. Try: hvm module --help\n");
        assertThat(hvm.run("module", "unload", "demo/hrt").err())
                .isEqualTo("hvm: Nothing to unload. Allowed: a module's name. Try: hvm module --help\n");
        assertThat(hvm.run("module", "shake", "demo/hrt").err())
                .isEqualTo("hvm: No such action: shake. Allowed: list, load, unload. Try: hvm module --help\n");
    }

    @Test
    void shouldRefuseToDestroyAVmWithJobsUnlessForced() {
        vms.launched();
        hvm.jobs.run(TestRequests.linux("/bin/sleep"), new IgnoringListener());
        assertThat(hvm.run("destroy", "demo"))
                .isEqualTo(new Outcome(
                        1,
                        "",
                        "hvm: Jobs run on the VM: demo. Owner: job 1. Try: hvm cancel 1; or hvm destroy --force"
                                + " demo\n"));
        assertThat(hvm.run("destroy", "--force", "demo")).isEqualTo(new Outcome(0, "", ""));
        assertThat(hvm.run("list").out()).isEqualTo("No VMs. Try: hvm launch\n");
    }

    @Test
    void shouldListJobs() {
        vms.launched();
        hvm.run("run", "--", "/bin/true");
        assertThat(hvm.run("jobs").out().lines().skip(1).findFirst().orElseThrow())
                .matches("1 +COMPLETED +0 +[0-9.]+ s +demo/hrt +/bin/true");
    }

    @Test
    void shouldSubmitAndShowWhatWaitsAndWhy() {
        vms.launched();
        assertThat(hvm.run("submit", "--hold", "-o", "out", "--", "/bin/true", "-x"))
                .isEqualTo(new Outcome(0, "Submitted job 1\n", ""));
        assertThat(hvm.run("submit", "--parsable", "--wait", "-o", "out", "--", "/bin/true"))
                .isEqualTo(new Outcome(0, "2\n", ""));
        assertThat(hvm.run("queue").out().lines().skip(1).toList())
                .singleElement()
                .asString()
                .matches("1 +true +\\S+ +PENDING +- +1 +demo/hrt +JobHeldUser");
        assertThat(hvm.run("why", "1").out()).contains(": JobHeldUser, until hvm release\n");
        assertThat(hvm.run("cancel", "1")).isEqualTo(new Outcome(0, "", ""));
        assertThat(hvm.run("why", "1").out()).isEqualTo("Job 1 does not wait: CANCELLED\n");
        assertThat(hvm.run("acct", "-j", "2").out()).contains("COMPLETED  0:0");
    }

    @Test
    void shouldNameFileAndLineOfAWrongBatchScript() throws IOException {
        vms.launched();
        Files.writeString(folder.resolve("job.sh"), "#!/bin/sh\n#SBATCH --array=9-1\n");
        assertThat(hvm.run("submit", "job.sh"))
                .isEqualTo(
                        new Outcome(
                                1,
                                "",
                                "hvm: job.sh:2: --array does not fit: 9-1. Allowed: FIRST-LAST[:STEP][,...][%LIMIT], at most 1000 indices.\n"));
        assertThat(hvm.run("queue").out().lines()).hasSize(1);
    }

    @Test
    void shouldRefuseToCancelWhatIsNoJob() {
        assertThat(hvm.run("cancel", "demo").err())
                .isEqualTo("hvm: No job number: demo. Allowed: a number, or ARRAY_TASK. Try: hvm jobs\n");
        assertThat(hvm.run("cancel", "-s", "NOPE", "1").err())
                .isEqualTo("hvm: No such signal: NOPE. Allowed: a name like TERM or SIGTERM, or 1 to 64.\n");
    }

    @Test
    void shouldPrintWhatTheDoctorFoundAndFailIfSomethingIsMissing() {
        Outcome doctor = hvm.run("doctor");
        assertThat(doctor.status()).isEqualTo(1);
        assertThat(doctor.out())
                .containsPattern("acceleration +fail +no /dev/kvm\n")
                .contains("\nacceleration: load the module kvm_intel\n")
                .containsPattern("database +ok +sound, ")
                .containsPattern("state is writable +ok ")
                .containsPattern("orphans +ok ")
                .containsPattern("versions +ok ");
    }

    @Test
    void shouldPrintVersions() {
        assertThat(hvm.run("version").out()).contains("api        v1\n").contains("qemu       7.2.0\n");
    }

    @Test
    void shouldStopTheDaemon() throws InterruptedException {
        assertThat(hvm.run("daemon", "stop")).isEqualTo(new Outcome(0, "", ""));
        assertThat(hvm.shutdown.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void shouldPrintTheBenchmarkBesideItsTargets() {
        vms.launched();
        machine.install("/bin/hvm-bench", process -> {
            List<String> arguments = process.command().arguments();
            boolean hrt = process.command().kind() == PartitionKind.HRT;
            if (arguments.contains("threads")) {
                process.write(STDOUT, """
                        {"metrics":[{"name":"barrier","value":%d,"unit":"ns","p10":1,"p90":2}]}
                        """.formatted(hrt ? 50 : 200));
                return 0;
            }
            if (arguments.contains("ptask")) {
                process.write(STDOUT, "{\"metrics\":[]}\n");
                return 0;
            }
            if (arguments.contains("openmp")) {
                process.write(STDOUT, """
                        {"metrics":[{"name":"openmp.step","value":%d,"unit":"ns","p10":1,"p90":2}]}
                        """.formatted(hrt ? 30 : 40));
                return 0;
            }
            process.write(STDOUT, """
                    {"metrics":[
                      {"name":"syscall.local","value":130,"unit":"ns","beside":"getpid","beside_value":520,"ratio":0.25,
                       "p10":120,"p90":140},
                      {"name":"call.sync.line","value":9000,"unit":"ns","beside":"ping-pong","beside_value":5000,"ratio":1.8},
                      {"name":"other","value":1.5,"unit":"MB"}]}
                    """);
            return 0;
        });
        assertThat(hvm.run("bench").out()).isEqualTo("""
                        VM demo, acceleration tcg
                        METRIC          MEDIAN   P10-P90            BESIDE IT                                  RATIO  TARGET  MET
                        syscall.local   130 ns   120 ns - 140 ns    520 ns getpid                              0.250  <= 0.5  yes
                        call.sync.line  9.00 us  -                  5.00 us ping-pong                          1.800  <= 1.5  no
                        other           1.50 MB  -                  -                                          -      -       -
                        barrier         50.0 ns  1.00 ns - 2.00 ns  200 ns pthreads in the Linux partition     0.250  <= 0.1  no
                        openmp.step     30.0 ns  1.00 ns - 2.00 ns  40.0 ns OpenMP on as many Linux cores (1)  0.750  <= 1.0  yes
                        """);
        assertThat(machine.commands().getFirst().identity().user()).isZero();
    }

    @Test
    void shouldTellWhyTheBenchmarkFailed() {
        vms.launched();
        machine.install("/bin/hvm-bench", process -> {
            process.write(STDERR, "hvm-bench: no /dev/hvm\n");
            return 1;
        });
        assertThat(hvm.run("bench", "demo").err())
                .isEqualTo(
                        "hvm: The benchmark failed: status 1: hvm-bench: no /dev/hvm. Owner: /bin/hvm-bench. Try: hvm "
                                + "jobs\n");
    }

    private static final String NOISE = """
            {"seconds":3,"quantum_ns":1000000,"threshold_ns":1000,"cores":[
              {"kind":"hrt","partition":"hrt","cpu":1,"interrupts":0,
               "fwq":{"samples_ns":[1000000,1000200],
                      "min_ns":1000000,"median_ns":1000100,"p99_ns":1000200,"max_ns":1000200,"spread":0.0002},
               "detours":{"count":0,"max_ns":0,"lost":0,"histogram":[],"shown_from_ns":1000,"at_us":[],"length_ns":[]}},
              {"kind":"linux","partition":"linux","cpu":0,"interrupts":750,
               "fwq":{"samples_ns":[1000000,1400000],
                      "min_ns":1000000,"median_ns":1000000,"p99_ns":1400000,"max_ns":1400000,"spread":0.4},
               "detours":{"count":1,"max_ns":4000000,"lost":0.001333,"histogram":[0,0,0,0,0,0,0,0,0,0,0,1],
                      "shown_from_ns":1000,"at_us":[17],"length_ns":[4000000]}}]}
            """;

    private void installNoise() {
        vms.launched();
        machine.install("/bin/hvm-bench", process -> {
            process.write(STDOUT, NOISE);
            return 0;
        });
    }

    @Test
    void shouldPrintTheNoiseOfBothCoresAndDrawIt() throws IOException {
        installNoise();
        assertThat(hvm.run("bench", "noise", "--seconds", "3").out())
                .isEqualTo("""
                        VM demo, acceleration tcg, 3 s each, both cores at the same time
                        CORE          QUANTUM  P99      MAX      SPREAD   DETOURS  LONGEST  LOST     INTERRUPTS
                        hrt, CPU 1    1.00 ms  1.00 ms  1.00 ms  0.020 %%  0        0 ns     0 %%      0
                        linux, CPU 0  1.00 ms  1.40 ms  1.40 ms  40.0 %%   1        4.00 ms  0.133 %%  750
                        Plot: %s
                        """.formatted(folder.toRealPath().resolve("noise.svg")));
        assertThat(machine.commands().getFirst().arguments()).containsExactly("/bin/hvm-bench", "noise", "3");
        assertThat(folder.resolve("noise.svg")).content().startsWith("<svg ").endsWith("</svg>\n");
    }

    @Test
    void shouldPrintNoiseAsJsonWithoutTheSeries() {
        installNoise();
        JsonObject answer = JsonObject.parse(hvm.run("bench", "noise", "demo", "--plot", "p.svg", "-o", "json")
                .out());
        assertThat(answer.text("plot")).endsWith("/p.svg");
        JsonObject linux = answer.objects("cores").getLast();
        assertThat(linux.number("interrupts")).isEqualTo(750);
        assertThat(linux.object("fwq").asMap()).containsKey("p99_ns").doesNotContainKey("samples_ns");
        assertThat(linux.object("detours").asMap()).containsKey("histogram").doesNotContainKey("length_ns");
    }

    @Test
    void shouldPrintEverySampleIfAskedTo() {
        installNoise();
        JsonObject answer = JsonObject.parse(
                hvm.run("bench", "noise", "--samples", "-o", "json").out());
        assertThat(answer.objects("cores").getFirst().object("fwq").decimals("samples_ns"))
                .containsExactly(1000000, 1000200);
    }

    @Test
    void shouldRefuseAPlotThatCannotBeWrittenBeforeMeasuring() {
        installNoise();
        assertThat(hvm.run("bench", "noise", "--plot", "none/p.svg").err())
                .isEqualTo(
                        "hvm: The plot cannot be written: %s/none/p.svg. Allowed: a file in a folder that you may write to. Try: hvm bench noise --plot FILE\n"
                                .formatted(hvm.context(null, null, null).directory()));
        assertThat(machine.commands()).isEmpty();
    }

    @Test
    void shouldRefuseToMeasureNoiseForTooLong() {
        installNoise();
        assertThat(hvm.run("bench", "noise", "--seconds", "31"))
                .isEqualTo(new Outcome(
                        1, "", "hvm: Noise cannot be measured for this number of seconds: 31. Allowed: 1 to 30.\n"));
    }
}
