// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.job;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import org.hybridvm.access.OwnIdentity;
import org.hybridvm.store.Database;
import org.hybridvm.store.RequestKey;

/** A job service in a process of its own, to be killed: it tells each job that it acknowledged, and each that it began. */
final class CrashingService {
    private CrashingService() {}

    /** @param arguments the folder; {@code submit}, {@code submit with keys}, or {@code wait} until all have ended and tell how */
    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        Path began = folder.resolve("began");
        var machine = new FakeMachine("demo", 4, folder).install("/bin/work", process -> {
            String job = process.command().environment().stream()
                    .filter(one -> one.startsWith("HVM_JOB_ID="))
                    .findFirst()
                    .orElseThrow();
            Files.writeString(began, job + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            return 0;
        });
        Database database = Database.open(folder.resolve("hvm.db"));
        var jobs = new JobService(
                FakeMachine.all(machine),
                OwnIdentity.ofThisProcess(),
                JobBooks.open(database, folder.resolve("jobs"), Clock.systemUTC()),
                Clock.systemUTC());
        if (!arguments[1].equals("wait")) {
            boolean keys = arguments[1].equals("submit with keys");
            for (int thread = 0; thread < 4; thread++) {
                Thread.ofPlatform().start(() -> submit(jobs, folder, keys));
            }
            return;
        }
        while (jobs.list().stream().anyMatch(job -> !job.state().isTerminal())) {
            Thread.onSpinWait();
        }
        jobs.list().forEach(job -> System.out.println(job.number() + " " + job.state()));
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    static Submission submission(Path folder) {
        return new Submission(
                Optional.empty(),
                "/bin/work",
                List.of(),
                folder,
                List.of(),
                "",
                Map.of("--output", "/dev/null"),
                false);
    }

    static Optional<RequestKey> key(String key) {
        return Optional.of(new RequestKey(0, key, "digest"));
    }

    private static void submit(JobService jobs, Path folder, boolean keys) {
        Submission submission = submission(folder);
        while (true) {
            try {
                String key = UUID.randomUUID().toString();
                if (keys) {
                    tell(key);
                }
                int job = keys
                        ? jobs.submit(OwnIdentity.ofThisProcess(), submission, key(key))
                                .join()
                                .jobs()
                                .getFirst()
                        : jobs.submit(submission).join().jobs().getFirst();
                tell(keys ? key + " " + job : String.valueOf(job));
            } catch (CompletionException e) {
                return;
            }
        }
    }

    private static void tell(String line) {
        synchronized (System.out) {
            System.out.print(line + "\n"); // one write, so that a kill cuts no line
            System.out.flush();
        }
    }
}
