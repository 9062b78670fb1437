// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hybridvm.Await.await;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.hybridvm.JsonObject;
import org.hybridvm.api.FakeVmControl;
import org.hybridvm.cli.HvmTester.Outcome;
import org.hybridvm.job.FakeMachine;
import org.hybridvm.job.JobRecord;
import org.hybridvm.job.JobState;
import org.hybridvm.job.OutputStreamKind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code hvm call} against the real hvm-serve, which serves a file on a thread of Linux. */
@Timeout(60)
class HvmCallTest {
    private static final Path SERVE =
            Path.of("../guest-linux-proxy/build/serve/hvm-serve").toAbsolutePath();
    private static final Path LIBRARY = Path.of("../guest-linux-proxy/build/serve/test/libfunctions.so")
            .toAbsolutePath()
            .normalize();

    @TempDir
    private Path folder;

    private Path window;
    private HvmTester hvm;

    @BeforeEach
    void setUp() throws Exception {
        window = folder.resolve("window");
        try (var file = new RandomAccessFile(window.toFile(), "rw")) {
            file.setLength(1 << 20);
        }
        var machine = new FakeMachine("demo", 1, folder.toRealPath())
                .install("/bin/hvm-serve", this::serve)
                .install("/bin/hello", process -> {
                    process.write(OutputStreamKind.STDOUT, "hello\n");
                    return 0;
                })
                .install("/bin/sleep", process -> process.awaitSignal());
        hvm = new HvmTester(new FakeVmControl(machine, folder.resolve("console")).launched(), folder);
    }

    @AfterEach
    void tearDown() throws IOException {
        hvm.close();
    }

    @Test
    void shouldPrintTheResultOfAFunction() {
        assertThat(hvm.run("call", "demo", "echo", "42")).isEqualTo(new Outcome(0, "42\n", ""));
        assertThat(hvm.run("call", "demo", "echo", "-3").out()).isEqualTo("-3\n");
        assertThat(hvm.run("call", "demo", "echo", "0xffffffffffffffff").out()).isEqualTo("-1\n");
        assertThat(hvm.run("call", "demo", "echo", "0.5").out()).isEqualTo(Double.doubleToRawLongBits(0.5) + "\n");
        assertThat(servers()).as("one server for all calls").hasSize(1);
    }

    @Test
    void shouldPassFilesAndTextAndShowWhatAFunctionWrites() throws IOException {
        ByteBuffer numbers = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
        numbers.putLong(1).putLong(20).putLong(300);
        Files.write(folder.resolve("numbers"), numbers.array());
        assertThat(hvm.run("call", "demo", "sum", "@numbers").out()).isEqualTo("321\n");
        assertThat(hvm.run("call", "demo", "sum", "string:\u0001").out()).isEqualTo("0\n");
        assertThat(hvm.run("call", "demo", "hrt.info", "buffer:100").out())
                .containsPattern("^\\d+\nring=3 pid=\\d+ tsc=");
        JsonObject facts = JsonObject.parse(
                hvm.run("call", "demo", "echo", "7", "-o", "json").out());
        assertThat(facts.number("result")).isEqualTo(7);
        assertThat(facts.text("result_hex")).isEqualTo("0x7");
    }

    @Test
    void shouldListTheFunctionsAndNameTheWindow() {
        assertThat(hvm.run("call", "demo", "--list").out()).startsWith("FUNCTION  SUMMARY\nnull      () = 0\n");
        assertThat(hvm.run("call", "demo", "--window").out()).isEqualTo(window + "\n");
    }

    @Test
    void shouldOfferTheFunctionsOfLibrariesBesidesThoseThatWereAskedForBefore() {
        assertThat(hvm.run("call", "demo", "echo", "1").out()).isEqualTo("1\n");
        assertThat(hvm.run("call", "demo", "--library", LIBRARY.toString(), "multiply", "6", "7"))
                .isEqualTo(new Outcome(0, "42\n", ""));
        assertThat(hvm.run("call", "demo", "multiply", "2", "3").out()).isEqualTo("6\n");
        assertThat(servers()).hasSize(2);
        assertThat(servers().getFirst().state()).isEqualTo(JobState.COMPLETED);
    }

    @Test
    void shouldTellWhatAFunctionDidWrong() {
        hvm.run("call", "demo", "--library", LIBRARY.toString(), "--list");
        assertThat(hvm.run("call", "demo", "crash", "0x10"))
                .extracting(Outcome::status, Outcome::out)
                .containsExactly(1, "");
        assertThat(hvm.run("call", "demo", "crash", "0x10").err())
                .startsWith("hvm: Function crash failed: exception 14 (signal 11) at 0x")
                .contains(", address 0x10, in crash+0x");
        assertThat(hvm.run("call", "demo", "--time", "1", "forever").err())
                .startsWith("hvm: Function forever was stopped at its time limit");
        assertThat(hvm.run("call", "demo", "multiply", "3", "4").out()).isEqualTo("12\n");
        assertThat(servers()).as("it lived on").hasSize(1);
    }

    @Test
    void shouldRefuseWhatItCannotCall() {
        assertThat(hvm.run("call", "demo", "nothing"))
                .isEqualTo(new Outcome(
                        1, "", "hvm: No such function: nothing; allowed: null, echo, sum, hrt.info. Owner: demo.\n"));
        assertThat(hvm.run("call", "demo", "echo", "many").err())
                .startsWith("hvm: No argument of a function: many. Allowed: an integer");
        assertThat(hvm.run("call", "demo", "echo", "0x10000000000000000").err())
                .startsWith("hvm: No argument of a function: 0x1");
        assertThat(hvm.run("call", "demo", "sum", "@missing").err())
                .startsWith("hvm: The file cannot be read: @missing");
        assertThat(hvm.run("call", "demo", "sum", "buffer:0").err()).startsWith("hvm: No size of a buffer: buffer:0");
        assertThat(hvm.run("call", "demo", "sum", "buffer:99999999").err()).contains("field window");
        assertThat(hvm.run("call", "demo").err()).startsWith("hvm: No function. Allowed:");
        assertThat(hvm.run("call", "demo", "--lsit").err()).startsWith("hvm: No such option: --lsit");
        assertThat(hvm.run("call", "other", "echo").err()).startsWith("hvm: No such VM: other");
        assertThat(hvm.run("call", "demo", "--library", "/nothing.so", "echo").err())
                .startsWith("hvm: The VM's window cannot be served: /bin/hvm-serve: hvm-serve: library /nothing.so");
    }

    @Test
    void shouldRefuseToWaitForACoreAndNameWhoHasIt() throws Exception {
        Thread job = Thread.ofPlatform().start(() -> hvm.run("run", "--", "/bin/sleep"));
        awaitRunning();
        assertThat(hvm.run("call", "demo", "echo", "1"))
                .isEqualTo(new Outcome(
                        1,
                        "",
                        "hvm: No HRT core is free: 1 of 1 cores of demo/hrt. Owner: job 1. Try: hvm jobs; hvm cancel 1;"
                                + " or a layout with more cores\n"));
        hvm.run("cancel", "1");
        job.join();
    }

    @Test
    void shouldGiveTheCoreToAJobThatWaitsForIt() {
        assertThat(hvm.run("call", "demo", "echo", "1").status()).isZero();
        assertThat(hvm.run("run", "--", "/bin/hello").out()).isEqualTo("hello\n");
        assertThat(servers().getFirst().state()).isEqualTo(JobState.COMPLETED);
        assertThat(hvm.run("call", "demo", "echo", "2").out()).isEqualTo("2\n");
        assertThat(servers()).hasSize(2);
    }

    private List<JobRecord> servers() {
        return hvm.jobs.list().stream()
                .filter(job -> job.arguments().getFirst().equals("/bin/hvm-serve"))
                .toList();
    }

    private void awaitRunning() throws InterruptedException {
        await(() -> hvm.jobs.list().stream().anyMatch(job -> job.state() == JobState.RUNNING));
    }

    /** As hvmd asks for it, but with the window's file and without another identity. */
    private int serve(FakeMachine.Process process) throws Exception {
        var words = new ArrayList<>(List.of(SERVE.toString(), "--file", window.toString()));
        List<String> asked = process.command().arguments();
        for (int i = 1; i + 1 < asked.size(); i += 2) {
            if (!asked.get(i).equals("--user")) {
                words.addAll(asked.subList(i, i + 2));
            }
        }
        Path errors = Files.createTempFile(folder, "serve", ".err");
        Process server =
                new ProcessBuilder(words).redirectError(errors.toFile()).start();
        process.catchSignals();
        Thread signals = Thread.ofVirtual().start(() -> {
            try {
                process.awaitSignal();
                server.destroy();
            } catch (InterruptedException e) {
                // it ended by itself
            }
        });
        try {
            int status = server.waitFor();
            process.write(OutputStreamKind.STDERR, Files.readString(errors));
            return status;
        } finally {
            signals.interrupt();
            server.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
        }
    }
}
