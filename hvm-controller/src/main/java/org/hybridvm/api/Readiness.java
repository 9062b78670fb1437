// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.Problem;
import org.hybridvm.store.Database;

/** Whether hvmd is ready: each thing that it needs is looked at anew. Blocks for a moment. */
final class Readiness {
    private interface Check {
        Optional<HvmException> obstacle();
    }

    /** @param obstacle empty if it is as it should be */
    private record Phase(String name, Optional<HvmException> obstacle) {
        private Map<String, Object> toJson() {
            var json = new LinkedHashMap<String, Object>();
            json.put("name", name);
            json.put("ready", obstacle.isEmpty());
            obstacle.ifPresent(found -> json.put("problem", found.getMessage()));
            return json;
        }
    }

    /** What was found. */
    record Found(List<Map<String, Object>> phases, Optional<HvmException> problem) {
        int status() {
            return problem.map(found -> found.code().httpStatus()).orElse(200);
        }

        Map<String, Object> toJson() {
            var json = new LinkedHashMap<String, Object>(
                    problem.map(Problem::toJson).orElse(Map.of()));
            json.put("ready", problem.isEmpty());
            json.put("phases", phases);
            return json;
        }
    }

    private final VmControl vms;
    private final Database database;

    Readiness(VmControl vms, Database database) {
        this.vms = vms;
        this.database = database;
    }

    Found look() {
        var phases = new ArrayList<Phase>();
        phases.add(phase("database", () -> databaseObstacle(database)));
        phases.add(phase(
                "disk", () -> diskObstacle(database.file().toAbsolutePath().getParent())));
        phases.add(phase("libvirt and adoption", vms::obstacle));
        String unready = phases.stream()
                .filter(phase -> phase.obstacle().isPresent())
                .map(Phase::name)
                .collect(Collectors.joining(", "));
        Optional<HvmException> problem = unready.isEmpty()
                ? Optional.empty()
                : Optional.of(HvmException.of(ErrorCode.NOT_READY, "hvmd is not ready")
                        .value(unready)
                        .hint("hvm daemon status; hvm doctor")
                        .build());
        return new Found(phases.stream().map(Phase::toJson).toList(), problem);
    }

    private static Phase phase(String name, Check check) {
        try {
            return new Phase(name, check.obstacle());
        } catch (HvmException e) {
            return new Phase(name, Optional.of(e));
        }
    }

    private static Optional<HvmException> databaseObstacle(Database database) {
        database.read(connection ->
                connection.createStatement().executeQuery("SELECT 1").getInt(1));
        return Optional.empty();
    }

    /** By writing: a file system can be full or read-only whatever its permissions say. */
    static Optional<HvmException> diskObstacle(Path folder) {
        try {
            Path probe = Files.writeString(Files.createTempFile(folder, ".ready", null), "ready");
            Files.delete(probe);
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of(HvmException.of(ErrorCode.STORE_UNAVAILABLE, "hvmd's state folder cannot be written")
                    .value(folder + " (" + e.getMessage() + ")")
                    .hint("df -h " + folder)
                    .cause(e)
                    .build());
        }
    }
}
