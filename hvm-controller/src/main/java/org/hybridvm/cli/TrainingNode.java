// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.hybridvm.Home;
import org.hybridvm.guest.TrainingAgent;
import org.hybridvm.store.Database;
import org.hybridvm.store.JobRow;
import org.hybridvm.store.JobTable;
import org.hybridvm.store.VmRow;
import org.hybridvm.store.VmTable;

/**
 * What {@link Training}'s hvmd finds, as if another one had left it: jobs that have ended, wait and run, and a VM. This process
 * stands for the VM's QEMU and its guest, so that hvmd adopts them, and what it needs for that is in its cache.
 * {@code scripts/train-caches} runs it.
 */
public final class TrainingNode {
    private static final String VM = "training";
    private static final String LIFE = "00112233445566778899aabbccddeeff";
    private static final int ENDED = 1;
    private static final int WAITING = 2;
    private static final int RUNNING = 3;

    private TrainingNode() {}

    /** @param arguments {@code -uuid UUID}, as QEMU has it, by which hvmd finds this process */
    public static void main(String[] arguments) throws IOException {
        Home home = Home.ofThisUser();
        Files.createDirectories(home.state());
        Path sockets = Files.createDirectories(home.run().resolve("vm"));
        try (Database database = Database.open(home.database())) {
            database.write(connection -> {
                        JobTable.put(connection, jobs());
                        VmTable.put(connection, new VmRow(VM, 1, vm(arguments[1])));
                        return null;
                    })
                    .join();
        }
        new TrainingAgent(LIFE, RUNNING).serve(sockets.resolve(VM + ".agent"));
    }

    private static List<JobRow> jobs() {
        String ended = """
                , "started": "2026-01-01T00:00:01Z", "ended": "2026-01-01T00:00:02Z", "exit_code": 0, "signal": 0""";
        String running = """
                , "started": "2026-01-01T00:00:01Z", "handover": {"agent": "%s", "key": "", "server": false, "asked": "NOTHING"}
                """.formatted(LIFE);
        return List.of(
                new JobRow(ENDED, job(ENDED, "COMPLETED", false, ended), Optional.empty()),
                new JobRow(WAITING, job(WAITING, "PENDING", true, ""), Optional.empty()),
                new JobRow(RUNNING, job(RUNNING, "RUNNING", false, running), Optional.empty()));
    }

    private static String job(int number, String state, boolean held, String more) {
        return """
                {"job": %d, "user": "nobody", "user_id": 65534, "state": "%s", "vm": "%s", "partition": "linux", "kind": "linux",
                 "cores": 0, "command": ["job.sh"], "directory": "/", "submitted": "2026-01-01T00:00:00Z",
                 "batch": {"name": "job.sh", "stdin": "", "stdout": "/dev/null", "stderr": "/dev/null", "append": false,
                  "warning_signal": 0, "warning_ahead_s": 60, "dependency": "", "held": %b, "priority": 0, "array_job": 0,
                  "array_task": 0, "array_limit": 0, "options": [], "restarts": 0}%s}""".formatted(number, state, VM, held, more);
    }

    private static String vm(String uuid) {
        return """
                {"layout": {"name": "%s", "memory": "1GiB", "linux": {"cores": 1, "rootfs": "auto", "cmdline": ""},
                  "partitions": [{"name": "hrt", "cores": 1, "memory": "64MiB", "privilege": "kernel",
                   "health": {"heartbeat": "10s", "hung-after": "30s", "on-hung": "reboot", "ask": "busy"}}],
                  "host": {"policy": "shared", "cores": "auto", "numa": "auto", "hugepages": "none", "siblings": "together",
                   "housekeeping": "auto"},
                  "mounts": [{"source": "/", "readonly": true}], "machine": "auto", "acceleration": "auto",
                  "console": {"limit": "1MiB"}, "window": "16MiB"},
                 "uuid": "%s", "accelerator": "tcg",
                 "placement": {"vcpus": [0, 0], "dedicated": [], "withheld": [], "housekeeping": []},
                 "created": 1767225600000, "phase": "RUNNING", "reason": ""}""".formatted(VM, uuid);
    }
}
