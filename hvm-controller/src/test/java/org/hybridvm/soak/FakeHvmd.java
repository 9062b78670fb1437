// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.soak;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.hybridvm.api.FakeVmControl;
import org.hybridvm.cli.HvmTester;
import org.hybridvm.job.FakeMachine;

/** hvmd over a VM in memory, which is gone with it: jobs that ran when it is killed have failed with their node. */
final class FakeHvmd implements HvmdUnderTest {
    private final Path folder;
    private Process process;

    FakeHvmd(Path folder) throws IOException, InterruptedException {
        this.folder = folder.toRealPath();
        start();
    }

    /** The process itself. @param arguments the folder */
    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        var machine = new FakeMachine("demo", 4, folder).install("/bin/busybox", running -> {
            String job = variable(running.command().environment(), "HVM_JOB_ID");
            Files.writeString(
                    folder.resolve("ran." + job),
                    variable(running.command().environment(), "HVM_RESTART_COUNT") + "\n",
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
            return Integer.parseInt(job) % 3;
        });
        new HvmTester(new FakeVmControl(machine, Files.writeString(folder.resolve("console"), "")).launched(), folder);
        System.out.println("ready");
        new CountDownLatch(1).await(); // it is killed
    }

    private static String variable(List<String> environment, String name) {
        return environment.stream()
                .filter(one -> one.startsWith(name + "="))
                .map(one -> one.substring(name.length() + 1))
                .findFirst()
                .orElse("0");
    }

    @Override
    public Path socket() {
        return folder.resolve("r").resolve("hvmd.sock");
    }

    @Override
    public Path folder() {
        return folder;
    }

    @Override
    public void killAndStart() throws IOException, InterruptedException {
        stop();
        start();
    }

    void stop() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    private void start() throws IOException, InterruptedException {
        process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin/java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        FakeHvmd.class.getName(),
                        folder.toString())
                .redirectError(folder.resolve("hvmd.err").toFile())
                .start();
        if (!"ready".equals(process.inputReader().readLine())) {
            throw new IOException("it does not start: " + Files.readString(folder.resolve("hvmd.err")));
        }
    }
}
