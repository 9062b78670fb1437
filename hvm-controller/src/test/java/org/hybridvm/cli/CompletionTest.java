// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The shells complete themselves; in hvm's place stands a program that knows some names. */
@Timeout(60)
class CompletionTest {
    private static final CommandLine COMMANDS = Hvm.commandLine(Context.ofThisProcess());

    @TempDir
    private Path folder;

    private Path hvm;

    @BeforeEach
    void setUp() throws IOException {
        hvm = program("hvm", """
                #!/bin/sh
                case "$*" in
                'complete vm') printf 'demo\\ndefault\\n' ;;
                'complete partition') printf 'demo/hrt\\n' ;;
                'complete job') printf '12\\n123\\n' ;;
                *) echo "unexpected: $*" >&2; exit 1 ;;
                esac
                """);
        Files.writeString(folder.resolve("completion.bash"), Completion.bash(COMMANDS));
        Files.writeString(folder.resolve("_hvm"), Completion.zsh(COMMANDS));
    }

    @Test
    void shouldCompleteCommands() throws Exception {
        assertThat(bash("ho")).containsExactly("hold");
        assertThat(bash("bench", "n")).containsExactly("noise", "native");
        assertThat(bash("")).contains("run", "queue", "daemon").doesNotContain("complete");
    }

    @Test
    void shouldCompleteOptionsOfTheCommand() throws Exception {
        assertThat(bash("run", "--p")).containsExactly("--partition", "--populate", "--partition-memory", "--priority");
        assertThat(bash("bench", "noise", "--s")).contains("--seconds");
        assertThat(bash("list", "-o", "j")).containsExactly("json");
        assertThat(bash("list", "--output", "=", "t")).containsExactly("text");
        assertThat(bash("list", "--output", "=")).containsExactly("text", "json");
    }

    @Test
    void shouldCompleteNamesThatHvmTells() throws Exception {
        assertThat(bash("destroy", "")).containsExactly("demo", "default");
        assertThat(bash("run", "--vm", "de")).containsExactly("demo", "default");
        assertThat(bash("reboot", "demo/")).containsExactly("demo/hrt");
        assertThat(bash("cancel", "-s", "TE")).containsExactly("TERM");
        assertThat(bash("cancel", "-s", "TERM", "123")).containsExactly("123");
        assertThat(bash("hold", "12", "123")).containsExactly("123");
        assertThat(bash("info", "1")).containsExactly("12", "123");
    }

    @Test
    void shouldCompleteWordsOfAParameterByItsPlace() throws Exception {
        assertThat(bash("daemon", "st")).containsExactly("start", "stop", "status");
        assertThat(bash("module", "load", "demo")).containsExactly("demo", "demo/hrt");
        assertThat(bash("daemon", "stop", "")).isEmpty();
    }

    @Test
    void shouldCompleteFilesAndLeaveAProgramsWordsToItsFiles() throws Exception {
        Files.createFile(folder.resolve("mesh one.dat"));
        Files.createDirectory(folder.resolve("meshes"));
        assertThat(bash("validate", "mesh")).containsExactlyInAnyOrder("mesh one.dat", "meshes");
        assertThat(bash("run", "--cwd", "mesh")).containsExactly("meshes");
        assertThat(bash("run", "--", "bas")).contains("bash");
        assertThat(bash("run", "cat", "--", "mesh")).containsExactlyInAnyOrder("mesh one.dat", "meshes");
        assertThat(bash("run", "cat", "--pop")).isEmpty();
    }

    @Test
    void shouldAnswerNothingWithoutHvmd() throws Exception {
        hvm = program("hvm", "#!/bin/sh\nexit 1\n");
        assertThat(bash("destroy", "")).isEmpty();
    }

    @Test
    void shouldCompleteInZshAsWell() throws Exception {
        assumeThat(new File("/usr/bin/zsh")).exists();
        assertThat(zsh("bench", "n")).containsExactly("noise", "native");
        assertThat(zsh("list", "--output=j")).containsExactly("--output=json");
        assertThat(zsh("run", "--vm", "de")).containsExactly("demo", "default");
    }

    private List<String> bash(String... words) throws Exception {
        return complete(
                List.of(
                        "bash",
                        "--norc",
                        "-c",
                        "source ./completion.bash; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _hvm_complete;"
                                + " for word in \"${COMPREPLY[@]}\"; do echo \"$word\"; done"),
                words);
    }

    private List<String> zsh(String... words) throws Exception {
        return complete(
                List.of(
                        "zsh",
                        "-f",
                        "-c",
                        "autoload -Uz compinit && compinit -D -u; source ./_hvm; f() { emulate -L ksh;"
                                + " COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _hvm_complete; }; f \"$@\"; print -l -- $COMPREPLY"),
                words);
    }

    private List<String> complete(List<String> shell, String... words) throws Exception {
        var command = new ArrayList<>(shell);
        command.add("shell");
        command.add(hvm.toString());
        command.addAll(List.of(words));
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return output.lines().filter(line -> !line.isEmpty()).toList();
    }

    private Path program(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
        return file;
    }
}
