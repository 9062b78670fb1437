// SPDX-License-Identifier: Apache-2.0
package org.hybridvm;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Where hvmd keeps what it has to keep, and where it can be reached.
 *
 * <table>
 * <caption>Folders</caption>
 * <tr><td>HVM_HOME is set</td><td>$HVM_HOME, $HVM_HOME/run</td></tr>
 * <tr><td>root</td><td>/var/lib/hvm, /run/hvm; its configuration is /etc/hvm/hvmd.yaml</td></tr>
 * <tr><td>anybody else</td><td>$XDG_STATE_HOME/hvm (~/.local/state/hvm), $XDG_RUNTIME_DIR/hvm (else the former's run);
 * for {@code hvm}, root's if its socket lets him in</td></tr>
 * </table>
 *
 * @param state survives a reboot of the host: jobs, VMs, logs
 * @param run does not: sockets and the like; a short path, because a socket's has at most 107 bytes
 */
public record Home(Path state, Path run) {
    public static final String VARIABLE = "HVM_HOME";

    private static final int MAX_SOCKET_PATH = 107;
    private static final Path ROOTS_STATE = Path.of("/var/lib/hvm");

    /**
     * @param environment the process's environment
     * @param root whether the process runs as root
     * @param userHome the user's home folder
     */
    public static Home of(Map<String, String> environment, boolean root, Path userHome) {
        Path chosen = absolute(environment.get(VARIABLE));
        if (chosen != null) {
            return new Home(chosen, chosen.resolve("run"));
        }
        if (root) {
            return new Home(ROOTS_STATE, Path.of("/run/hvm"));
        }
        Path stateHome = absolute(environment.get("XDG_STATE_HOME"));
        Path state = (stateHome == null ? userHome.resolve(".local/state") : stateHome).resolve("hvm");
        Path runtime = absolute(environment.get("XDG_RUNTIME_DIR"));
        return new Home(state, runtime == null ? state.resolve("run") : runtime.resolve("hvm"));
    }

    /** Of this process: of anybody to whom root's hvmd opened its socket, unless he has chosen, root's. */
    public static Home ofThisUser() {
        Home own = of(
                System.getenv(),
                "root".equals(System.getProperty("user.name")),
                Path.of(System.getProperty("user.home")));
        Home roots = of(Map.of(), true, Path.of("/root"));
        return System.getenv(VARIABLE) == null && Files.isWritable(roots.socket()) ? roots : own;
    }

    /** Locked by the hvmd that has this home, and holding its process id. */
    public Path lockFile() {
        return state.resolve("hvmd.lock");
    }

    /**
     * hvmd's socket.
     *
     * @throws HvmException if its path is longer than the kernel takes
     */
    public Path socket() {
        Path socket = run.resolve("hvmd.sock");
        int length = socket.toString().getBytes(StandardCharsets.UTF_8).length;
        if (length > MAX_SOCKET_PATH) {
            throw HvmException.of(ErrorCode.HOST_REQUIREMENT, "The path of hvmd's socket is too long")
                    .value(socket + " (" + length + " bytes)")
                    .allowed("at most " + MAX_SOCKET_PATH + " bytes")
                    .hint("set " + VARIABLE + " to a shorter folder")
                    .build();
        }
        return socket;
    }

    public Path logs() {
        return state.resolve("log");
    }

    public Path daemonLog() {
        return logs().resolve("hvmd.log");
    }

    /** hvmd's configuration; it need not be there. */
    public Path configuration() {
        return (state.equals(ROOTS_STATE) ? Path.of("/etc/hvm") : state).resolve("hvmd.yaml");
    }

    /** Who changed what. */
    public Path auditLog() {
        return logs().resolve("audit.jsonl");
    }

    /** hvmd's certificate for TLS, unless the configuration names another. */
    public Path certificate() {
        return state.resolve("tls/hvmd.pem");
    }

    /** The certificate's key, likewise. */
    public Path key() {
        return state.resolve("tls/hvmd.key");
    }

    /** What hvmd must not forget. */
    public Path database() {
        return state.resolve("hvm.db");
    }

    /** The id of this state folder. */
    public Path instance() {
        return state.resolve("instance");
    }

    /** Reports of jobs. */
    public Path jobs() {
        return state.resolve("jobs");
    }

    private static Path absolute(String text) {
        return text == null || text.isEmpty() ? null : Path.of(text).toAbsolutePath();
    }
}
