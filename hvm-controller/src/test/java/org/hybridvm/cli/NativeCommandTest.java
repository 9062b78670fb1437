// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.hybridvm.Home;
import org.hybridvm.JsonObject;
import org.hybridvm.cli.HvmTester.Outcome;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code hvm bench native} with a program that measures nothing, and without hvmd. */
@Timeout(20)
class NativeCommandTest {
    private static final String MEASURED = """
            {"cpus": [0, 3], "metrics": [
              {"name": "slot.roundtrip", "value": 110.0, "unit": "ns", "beside": "line.roundtrip", "beside_value": 100.0,
               "ratio": 1.1, "p10": 105.0, "p90": 120.0, "beside_p10": 99.0, "beside_p90": 101.0, "samples": 31, "rejected": 2},
              {"name": "io_uring.roundtrip", "refused": "io_uring_setup with SQPOLL: Operation not permitted"},
              {"name": "pipe.roundtrip", "value": 21000.0, "unit": "ns", "beside": "line.roundtrip", "beside_value": 105.0,
               "ratio": 200.0, "p10": 20000.0, "p90": 22000.0, "samples": 31, "rejected": 0}]}
            """;

    @TempDir
    private Path folder;

    private Path program;

    @BeforeEach
    void setUp() {
        program = folder.resolve("native-bench");
        System.setProperty(NativeCommand.PROGRAM_PROPERTY, program.toString());
    }

    @AfterEach
    void tearDown() {
        System.clearProperty(NativeCommand.PROGRAM_PROPERTY);
    }

    @Test
    void shouldPutEverythingBesideTheLineAndNameWhatTheHostRefuses() throws IOException {
        install("cat << END\n" + MEASURED + "END\n");
        assertThat(run("bench", "native")).isEqualTo(new Outcome(0, """
                        CPUs 0 and 3 of this host, no VM
                        METRIC              MEDIAN   P10-P90            BESIDE IT              RATIO
                        slot.roundtrip      110 ns   105 ns - 120 ns    100 ns line.roundtrip  1.100
                        io_uring.roundtrip  -        -                  -                      -
                        pipe.roundtrip      21.0 us  20.0 us - 22.0 us  105 ns line.roundtrip  200.000
                        io_uring.roundtrip: io_uring_setup with SQPOLL: Operation not permitted
                        """, ""));
    }

    @Test
    void shouldPrintJsonAsMeasured() throws IOException {
        install("cat << END\n" + MEASURED + "END\n");
        JsonObject answer =
                JsonObject.parse(run("bench", "native", "-o", "json").out());
        assertThat(answer.decimals("cpus")).containsExactly(0, 3);
        assertThat(answer.objects("metrics").getFirst().number("rejected")).isEqualTo(2);
        assertThat(answer.objects("metrics").get(1).text("refused")).contains("not permitted");
    }

    @Test
    void shouldHandOnBatchesAndCpus() throws IOException {
        install("[ \"$1 $2\" = '-b 5' ] && echo \"{\\\"cpus\\\": [$3, $4]}\"\n");
        assertThat(run("bench", "native", "--batches", "5", "--cpus", "4,7").out())
                .startsWith("CPUs 4 and 7 of this host, no VM\n");
    }

    @Test
    void shouldRefuseWhatAreNotTwoCpus() throws IOException {
        install("exit 9\n");
        assertThat(run("bench", "native", "--cpus", "0-3"))
                .isEqualTo(new Outcome(
                        1,
                        "",
                        "hvm: These are not two CPUs: 0-3. Allowed: two different numbers of host CPUs, such as 0,1."
                                + " Try: lscpu --extended\n"));
    }

    @Test
    void shouldRefuseTooManyBatches() throws IOException {
        install("exit 9\n");
        assertThat(run("bench", "native", "--batches", "257"))
                .isEqualTo(new Outcome(1, "", "hvm: So many batches cannot be measured: 257. Allowed: 1 to 256.\n"));
    }

    @Test
    void shouldTellWhyNothingWasMeasured() throws IOException {
        install("echo 'native-bench: two CPUs are needed' >&2; exit 1\n");
        assertThat(run("bench", "native"))
                .isEqualTo(new Outcome(
                        1,
                        "",
                        "hvm: Nothing could be measured on this host: status 1: native-bench: two CPUs are needed. Owner: "
                                + program + ". Try: hvm bench native --cpus A,B\n"));
    }

    @Test
    void shouldTellThatTheProgramIsMissing() {
        assertThat(run("bench", "native"))
                .isEqualTo(new Outcome(
                        1,
                        "",
                        "hvm: The program that measures is missing: " + program
                                + ". Try: make -C shared-memory-ipc\n"));
    }

    private void install(String script) throws IOException {
        Files.writeString(program, "#!/bin/sh\n" + script);
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    }

    private Outcome run(String... words) {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        var context = new Context(
                InputStream.nullInputStream(),
                out,
                err,
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                Map.of(),
                folder,
                new Home(folder, folder.resolve("run")),
                false);
        int status = Hvm.run(context, words);
        return new Outcome(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }
}
