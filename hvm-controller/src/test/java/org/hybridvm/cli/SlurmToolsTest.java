// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.hybridvm.JsonObject;
import org.hybridvm.api.FakeVmControl;
import org.hybridvm.cli.HvmTester.Outcome;
import org.hybridvm.cli.SlurmColumns.Field;
import org.hybridvm.job.FakeMachine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class SlurmToolsTest {
    private static final String USER = System.getProperty("user.name");

    @TempDir
    private Path folder;

    private FakeVmControl vms;
    private HvmTester hvm;

    @BeforeEach
    void setUp() throws Exception {
        folder = folder.toRealPath();
        var machine = new FakeMachine("demo", 2, folder)
                .install("/bin/true", process -> 0)
                .install("/bin/sh", process -> 0);
        vms = new FakeVmControl(machine, Files.writeString(folder.resolve("console"), ""));
        hvm = new HvmTester(vms, folder);
        vms.launched();
    }

    @AfterEach
    void tearDown() throws IOException {
        hvm.close();
    }

    @Test
    void shouldWriteToSlurmsFileUnlessTheScriptSaysWhere() throws IOException {
        Files.writeString(folder.resolve("plain.sh"), "#!/bin/sh\n");
        Files.writeString(folder.resolve("own.sh"), "#!/bin/sh\n#SBATCH -o own.txt\n");
        Files.writeString(folder.resolve("array.sh"), "#!/bin/sh\n#SBATCH --array=4-5\n");
        assertThat(output("plain.sh", "-o", "x")).isEqualTo(folder + "/slurm-1.out");
        assertThat(output("own.sh", "plain.sh")).isEqualTo(folder + "/own.txt");
        assertThat(output("array.sh")).isEqualTo(folder + "/slurm-3_4.out");
        assertThat(output("--wrap", "true")).isEqualTo(folder + "/slurm-5.out");
    }

    @Test
    void shouldTakeAScriptFromStandardInput() {
        assertThat(hvm.runWithInput("#!/bin/sh\n#SBATCH -J fed\n", "slurm", "sbatch", "-H"))
                .isEqualTo(new Outcome(0, "Submitted batch job 1\n", ""));
        assertThat(hvm.runWithInput("#!/bin/sh\n", "submit", "--hold", "-", "word")
                        .status())
                .isZero();
        assertThat(tool("squeue", "-h", "-o", "%j").out()).isEqualTo("fed\nstdin\n");
        assertThat(hvm.run("submit", "--hold", "--wrap", "true", "word").err())
                .isEqualTo("hvm: --wrap and a script exclude each other: 'word'. Try: hvm submit --help\n");
    }

    @Test
    void shouldNameWhatHasNoMeaningHere() {
        assertThat(tool("sbatch", "-H", "--exclusive", "--qos=high", "--wrap", "true")
                        .err())
                .contains("--qos has no meaning here and is ignored")
                .contains("--exclusive has no meaning here and is ignored");
    }

    @Test
    void shouldPassTheVariablesThatExportNames() {
        var mine = Map.of("PATH", "/bin", "HOME", "/h", "SECRET", "s", "OMP_NUM_THREADS", "3");
        assertThat(Exports.of(null, mine)).contains("OMP_NUM_THREADS=3").doesNotContain("SECRET=s");
        assertThat(Exports.of("ALL", mine)).contains("SECRET=s", "HOME=/h");
        assertThat(Exports.of("NONE", mine)).containsExactlyInAnyOrder("PATH=/bin", "HOME=/h");
        assertThat(Exports.of("SECRET,A=1=2,MISSING", mine))
                .containsExactlyInAnyOrder("PATH=/bin", "HOME=/h", "SECRET=s", "A=1=2");
        assertThat(Exports.of("ALL,HOME=/x", mine))
                .contains("HOME=/x", "SECRET=s")
                .doesNotContain("HOME=/h");
    }

    @Test
    void shouldShowAndCancelWhatIsAskedFor() {
        held("one", "two", "two");
        assertThat(tool("squeue", "-h", "-o", "%.4i|%3j|%t|%u %R", "-n", "two").out())
                .isEqualTo("   2|two|PD|" + USER + " (JobHeldUser)\n   3|two|PD|" + USER + " (JobHeldUser)\n");
        assertThat(tool("squeue", "-h", "-u", "nobody").out()).isEmpty();
        assertThat(tool("squeue", "-t", "sleeping").err()).startsWith("squeue: No such state of a job: sleeping. ");
        assertThat(tool("scancel").status()).isEqualTo(1);
        assertThat(tool("scancel", "-n", "two").status()).isZero();
        assertThat(tool("squeue", "-h", "-o", "%i").out()).isEqualTo("1\n");
        assertThat(tool("scancel", "99", "1").err()).startsWith("scancel: No such job: 99.");
        assertThat(tool("squeue", "-h").out()).isEmpty();
        assertThat(tool("sacct", "-n", "-P", "-o", "jobid,JobName,state").out())
                .isEqualTo("1|one|CANCELLED\n2|two|CANCELLED\n3|two|CANCELLED\n");
    }

    @Test
    void shouldShowAJobAsSacctDoes() {
        held("a-long-name");
        assertThat(tool("sacct", "-j", "1").out().lines())
                .containsExactly(
                        "JobID           JobName  Partition    Account  AllocCPUS      State ExitCode",
                        "------------ ---------- ---------- ---------- ---------- ---------- --------",
                        "1            a-long-na+        hrt                     1    PENDING      0:0");
        assertThat(tool("sacct", "-o", "jobs").err())
                .startsWith("sacct: No such field of a job: jobs. Allowed: Account,");
        assertThat(tool("sacct", "-n", "-S", "2999-01-01").out()).contains("PENDING");
        assertThat(tool("sacct", "-n", "-E", "2000-01-01").out()).isEmpty();
    }

    @Test
    void shouldShowPartitionsOfAVm() {
        assertThat(tool("sinfo", "-h", "-p", "hrt", "-o", "%P %D %t %N").out()).isEqualTo("hrt 1 idle demo\n");
    }

    @Test
    void shouldActOnSeveralJobsAndTellWhichWasRefused() {
        held("one", "two");
        assertThat(hvm.run("release", "7", "1").err()).startsWith("hvm: No such job: 7.");
        assertThat(hvm.run("cancel", "2", "7").status()).isEqualTo(1);
        assertThat(tool("squeue", "-h", "-j", "2", "-t", "all", "-o", "%T").out())
                .isEqualTo("CANCELLED\n");
    }

    @Test
    void shouldSayThatTheQueueIsLongerThanWhatItShows() {
        held("--array=0-999", "one", "two");
        List<String> all = hvm.run("queue", "--all").out().lines().toList();
        assertThat(all).hasSize(1002);
        Outcome some = hvm.run("queue");
        assertThat(some.out().lines()).hasSize(1001).containsSequence(all.subList(0, 10));
        assertThat(some.err()).isEqualTo("hvm: there are more than these 1000. Try: hvm queue --all\n");
        assertThat(JsonObject.parse(hvm.run("queue", "-o", "json").out()).objects("jobs"))
                .hasSize(1001);
        assertThat(tool("squeue", "-h").out().lines()).hasSize(1001);
    }

    @Test
    void shouldFitTextIntoColumns() {
        var fields = Map.of('x', new Field("HEAD", facts -> facts.text("x")));
        JsonObject facts = JsonObject.of(Map.of("x", "abc"));
        assertThat(new SlurmColumns("<%x|%5x|%.5x|%.2x>", fields).row(facts)).isEqualTo("<abc|abc  |  abc|ab>");
        assertThat(new SlurmColumns("%.6x %2x", fields).header()).isEqualTo("  HEAD HE");
        assertThatThrownBy(() -> new SlurmColumns("%x %.9y", fields))
                .hasMessage("The format has a mark that is not known here: %.9y. Allowed: %x HEAD.");
    }

    @Test
    void shouldExplainEveryTool() {
        for (String tool : List.of("sacct", "sattach", "sbatch", "scancel", "sinfo", "squeue", "srun", "sstat")) {
            assertThat(tool(tool, "--help").out())
                    .startsWith("Usage: " + tool + " ")
                    .contains("--help");
        }
        assertThat(hvm.run("slurm", "salloc").err()).contains("Allowed: sacct, sattach, sbatch");
    }

    private Outcome tool(String... words) {
        var all = new ArrayList<>(List.of("slurm"));
        all.addAll(List.of(words));
        return hvm.run(all.toArray(String[]::new));
    }

    private String output(String... words) {
        var all = new ArrayList<>(List.of("sbatch", "--hold", "--parsable"));
        all.addAll(List.of(words));
        String job = tool(all.toArray(String[]::new)).out().strip();
        return JsonObject.parse(hvm.run("info", job, "-o", "json").out())
                .object("batch")
                .text("stdout");
    }

    /** One job of each name; words with dashes are options of the next one. */
    private void held(String... names) {
        var options = new ArrayList<String>();
        for (String name : names) {
            if (name.startsWith("--")) {
                options.add(name);
                continue;
            }
            var words = new ArrayList<>(List.of("submit", "--hold", "-o", "/dev/null", "-J", name));
            words.addAll(options);
            words.addAll(List.of("--", "/bin/true"));
            assertThat(hvm.run(words.toArray(String[]::new)).err()).isEmpty();
            options.clear();
        }
    }
}
