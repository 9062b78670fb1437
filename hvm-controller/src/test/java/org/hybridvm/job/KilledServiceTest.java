// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import org.hybridvm.access.OwnIdentity;
import org.hybridvm.store.Database;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** kill -9 of a service at random instants: no acknowledged job is lost, none is begun twice. */
@Timeout(120)
class KilledServiceTest {
    private static final int KILLS = 6;
    private static final int COMMITS = 6;

    @TempDir
    private Path folder;

    @Test
    void shouldLoseNoAcknowledgedJobAndBeginNoneTwice() throws Exception {
        var random = new Random(20260102);
        Path told = folder.resolve("told");
        Files.createFile(told);
        for (int kill = 0; kill < KILLS; kill++) {
            Process service = start("submit", told);
            long enough = lines(told) + 1 + random.nextInt(150);
            while (lines(told) < enough) {
                assertThat(service.isAlive()).isTrue();
                Thread.sleep(1);
            }
            service.destroyForcibly().waitFor();
        }
        List<Integer> acknowledged =
                Files.readAllLines(told).stream().map(Integer::parseInt).toList();
        var states = new HashMap<Integer, JobState>();
        Path ends = folder.resolve("ends");
        start("wait", ends).waitFor();
        for (String line : Files.readAllLines(ends)) {
            String[] words = line.split(" ");
            states.put(Integer.parseInt(words[0]), JobState.valueOf(words[1]));
        }

        assertThat(acknowledged).doesNotHaveDuplicates();
        assertThat(states.keySet()).containsAll(acknowledged);
        assertThat(states.values()).containsOnly(JobState.COMPLETED, JobState.NODE_FAIL);
        List<String> began = Files.readAllLines(folder.resolve("began"));
        assertThat(began).doesNotHaveDuplicates().isNotEmpty();
        states.forEach((job, state) -> {
            if (state == JobState.COMPLETED) {
                assertThat(began).contains("HVM_JOB_ID=" + job);
            }
        });
    }

    /** A caller whose connection broke asks again, and cannot know whether his job was taken. */
    @Test
    void shouldMakeOneJobForEachKeyThoughItIsKilledAndAskedAgain() throws Exception {
        var random = new Random(20260103);
        Path told = Files.createFile(folder.resolve("told"));
        for (int kill = 0; kill < 3; kill++) {
            Process service = start("submit with keys", told);
            long enough = lines(told) + 1 + random.nextInt(150);
            while (lines(told) < enough) {
                assertThat(service.isAlive()).isTrue();
                Thread.sleep(1);
            }
            service.destroyForcibly().waitFor();
        }
        var acknowledged = new HashMap<String, Integer>(); // by key; 0: it was killed before its answer
        for (String line : Files.readAllLines(told)) {
            String[] words = line.split(" ");
            acknowledged.merge(words[0], words.length == 1 ? 0 : Integer.parseInt(words[1]), Integer::max);
        }
        var machine = new FakeMachine("demo", 4, folder).install("/bin/work", process -> 0);
        try (Database database = Database.open(folder.resolve("hvm.db"));
                var jobs = new JobService(
                        FakeMachine.all(machine),
                        OwnIdentity.ofThisProcess(),
                        JobBooks.open(database, folder.resolve("jobs"), Clock.systemUTC()),
                        Clock.systemUTC())) {
            var numbers = new HashSet<Integer>();
            for (var tried : acknowledged.entrySet()) {
                int job = jobs.submit(
                                OwnIdentity.ofThisProcess(),
                                CrashingService.submission(folder),
                                CrashingService.key(tried.getKey()))
                        .join()
                        .jobs()
                        .getFirst();
                assertThat(tried.getValue()).isIn(0, job);
                assertThat(numbers.add(job)).isTrue();
            }
            assertThat(jobs.list()).hasSameSizeAs(numbers);
        }
        machine.close();
    }

    /** The same at each of the first writes of its journal, before and after. */
    @Test
    void shouldLoseAndDoubleNothingWhereverItsJournalIsCutOff() throws Exception {
        Path told = folder.resolve("told");
        Files.createFile(told);
        for (int commit = 1; commit <= COMMITS; commit++) {
            for (String when : List.of("before", "after")) {
                assertThat(start("submit", told, "-Dhvm.store.halt=" + when + ":" + commit)
                                .waitFor())
                        .isEqualTo(137);
            }
        }
        Path ends = folder.resolve("ends");
        start("wait", ends).waitFor();

        List<String> acknowledged = Files.readAllLines(told);
        List<String> ended = Files.readAllLines(ends).stream()
                .map(line -> line.split(" ")[0])
                .toList();
        assertThat(acknowledged).doesNotHaveDuplicates();
        assertThat(ended).containsAll(acknowledged);
        assertThat(Files.readAllLines(folder.resolve("began"))).doesNotHaveDuplicates();
    }

    private static long lines(Path file) throws IOException {
        return Files.readString(file).chars().filter(c -> c == '\n').count();
    }

    private Process start(String what, Path output, String... properties) throws IOException {
        var command = new ArrayList<String>(List.of(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1"));
        command.addAll(List.of(properties));
        command.addAll(List.of(
                "-cp",
                System.getProperty("java.class.path"),
                CrashingService.class.getName(),
                folder.toString(),
                what));
        return new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }
}
