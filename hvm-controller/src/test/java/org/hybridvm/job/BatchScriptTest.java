// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Random;
import org.hybridvm.HvmException;
import org.junit.jupiter.api.Test;

class BatchScriptTest {
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-01-02T03:04:05Z"), ZoneOffset.UTC);

    @Test
    void shouldReadOptionsUpToTheFirstCommand() {
        BatchScript script = BatchScript.parse("f", """
                #!/bin/bash -e
                # a comment
                #SBATCH --time=10 -J'my job' # why
                #HVM -c 2

                echo
                #SBATCH --hold
                """);
        assertThat(script.interpreter()).containsExactly("/bin/bash", "-e");
        assertThat(script.settings())
                .containsExactly(
                        new BatchScript.Setting("--time", "10", "f:3"),
                        new BatchScript.Setting("-J", "my job", "f:3"),
                        new BatchScript.Setting("-c", "2", "f:4"));
    }

    @Test
    void shouldReadTimesAsSlurmDoes() {
        assertThat(BatchTime.duration("90")).isEqualTo(Duration.ofMinutes(90));
        assertThat(BatchTime.duration("1:30")).isEqualTo(Duration.ofSeconds(90));
        assertThat(BatchTime.duration("2:00:05")).isEqualTo(Duration.ofSeconds(7205));
        assertThat(BatchTime.duration("1-12")).isEqualTo(Duration.ofHours(36));
        assertThat(BatchTime.duration("1-0:30")).isEqualTo(Duration.ofMinutes(24 * 60 + 30));
        assertThat(BatchTime.begin("now+2hours", CLOCK)).isEqualTo("2026-01-02T05:04:05Z");
        assertThat(BatchTime.begin("01:00", CLOCK)).isEqualTo("2026-01-03T01:00:00Z");
        assertThat(BatchTime.begin("2026-02-01T10:00", CLOCK)).isEqualTo("2026-02-01T10:00:00Z");
    }

    @Test
    void shouldReadMemoryAsSlurmDoes() {
        assertThat(memory("512")).isEqualTo(512L << 20);
        assertThat(memory("4k")).isEqualTo(4096);
        assertThat(memory("2GB")).isEqualTo(2L << 30);
        assertThat(memory("0")).isZero();
        for (String wrong : List.of("-1", "1.5G", "much", "4B", "")) {
            assertThatThrownBy(() -> memory(wrong))
                    .hasMessageContaining("--mem does not fit")
                    .hasMessageContaining("a size, e.g. 512M or 2G");
        }
    }

    private static long memory(String size) {
        var options = new BatchOptions(CLOCK);
        options.set(new BatchScript.Setting("--mem", size, "f:1"));
        return options.memory;
    }

    @Test
    void shouldTellWhyAJobLackedMemory() {
        String line = "resources peak=3145729 memory=4096 limit=%s oom_kills=2 cpu_us=7";
        JobUsage limited =
                JobUsage.of(ReportLine.parse(line.formatted("4194304"))).orElseThrow();
        assertThat(limited).isEqualTo(new JobUsage(3145729, 4096, 4194304, 2, 7));
        assertThat(limited.lackOfMemory()).contains("4 MiB at most").contains("its limit is 4 MiB");
        assertThat(JobUsage.of(ReportLine.parse(line.formatted("0")))
                        .orElseThrow()
                        .lackOfMemory())
                .contains("Linux partition had no more");
        assertThat(JobUsage.of(ReportLine.parse(line.formatted("all")))).isEmpty();
        assertThat(JobUsage.of(ReportLine.parse("refused errno=2"))).isEmpty();
    }

    @Test
    void shouldReadArraysAndSignals() {
        var options = new BatchOptions(CLOCK);
        options.set(new BatchScript.Setting("-a", "0-6:3,17%2", "f:1"));
        options.set(new BatchScript.Setting("--signal", "B:USR1@30", "f:2"));
        assertThat(options.array).containsExactly(0, 3, 6, 17);
        assertThat(options.arrayLimit).isEqualTo(2);
        assertThat(options.signal).isEqualTo(10);
        assertThat(options.signalAhead).isEqualTo(Duration.ofSeconds(30));
    }

    @Test
    void shouldIgnoreMailWithAWord() {
        var options = new BatchOptions(CLOCK);
        options.set(new BatchScript.Setting("--mail-type", "END", "f:2"));
        assertThat(options.warnings).containsExactly("f:2: --mail-type has no meaning here and is ignored");
    }

    @Test
    void shouldRefuseAScriptThatIsNoText() {
        assertThatThrownBy(() -> BatchScript.parse("f", "#!/bin/sh\r\necho hi\r\n"))
                .hasMessage("f:1: The batch script has DOS line ends: CR LF. Allowed: LF. Try: sed -i 's/\\r$//' f");
        assertThatThrownBy(() -> BatchScript.parse("f", "#!/bin/sh\necho \0\n"))
                .hasMessage("f:2: A batch script is text: a character NUL.");
    }

    @Test
    void shouldTakeNoOtherWordForAnOption() {
        for (String word : List.of("output", "nodashes", "-output", "o", "-", "")) {
            var options = new BatchOptions(CLOCK);
            assertThatThrownBy(() -> options.set(new BatchScript.Setting(word, "1", "submit")))
                    .hasMessageContaining("Unknown option");
        }
    }

    @Test
    void shouldFillOutputPatterns() {
        assertThat(OutputPattern.fill("%x-%j-%A_%a-%u%%%q%", 7, "a/b", "ada", 5, 2))
                .isEqualTo("a_b-7-5_2-ada%%q%");
    }

    @Test
    void shouldRefuseWithWordsWhateverComes() {
        var random = new Random(Long.getLong("hvm.fuzz.seed", 4711));
        List<String> parts = List.of(
                "#!/bin/sh\n",
                "#SBATCH ",
                "#HVM ",
                "--time",
                "=",
                "-a",
                " ",
                "0-9",
                "%",
                "'",
                "\"",
                "\n",
                "9999999999",
                "--array=",
                "--dependency=afterok:",
                "1:",
                ",",
                "?",
                "--begin=now+",
                "--signal=",
                "@",
                "-",
                "--",
                "\u00e4",
                "\0");
        int scripts = Integer.getInteger("hvm.fuzz", 20_000);
        for (int round = 0; round < scripts; round++) {
            var text = new StringBuilder(random.nextInt(8) == 0 ? "" : "#!/bin/sh\n#SBATCH ");
            for (int part = random.nextInt(12); part > 0; part--) {
                text.append(parts.get(random.nextInt(parts.size())));
            }
            try {
                var options = new BatchOptions(CLOCK);
                BatchScript.parse("f", text.toString()).settings().forEach(options::set);
            } catch (HvmException refusal) {
                assertThat(refusal.getMessage()).startsWith("f:");
            }
        }
        System.out.println("fuzz batch_scripts=" + scripts);
    }

    @Test
    void shouldRefuseAScriptWithoutInterpreter() {
        assertThatThrownBy(() -> BatchScript.parse("f", "echo\n"))
                .hasMessage("f:1: A batch script begins with its interpreter: echo. Allowed: #!/bin/sh and the like.");
    }
}
