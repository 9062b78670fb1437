// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The shell's completion, made from the command model: {@code completion.bash} has the rules, this the words. What a value
 * is follows from its label ({@code VM}, {@code FILE}, {@code start|stop}); names of this moment are asked for by {@code hvm
 * complete}.
 */
final class Completion {
    private static final String MODEL = "@MODEL@";
    private static final String SIGNALS = "=HUP,INT,QUIT,KILL,USR1,USR2,TERM,CONT,STOP";

    /** What values with these labels are. */
    private static final Map<String, String> KINDS = Map.ofEntries(
            Map.entry("VM", "vm"),
            Map.entry("VM/PARTITION", "partition"),
            Map.entry("VM[/PARTITION]", "vm+partition"),
            Map.entry("JOB", "job"),
            Map.entry("JOB...", "job"),
            Map.entry("FILE", "file"),
            Map.entry("LAYOUT", "file"),
            Map.entry("SCRIPT", "file"),
            Map.entry("FOLDER", "folder"),
            Map.entry("PROGRAM [ARGS...]", "program"),
            Map.entry("-- PROGRAM [ARGS...]", "program"),
            Map.entry("SIGNAL", SIGNALS));

    private Completion() {}

    /** For bash. */
    static String bash(CommandLine root) {
        var cases = new ArrayList<String>();
        addCases(cases, root, "");
        return rules().replace(MODEL, String.join("\n", cases));
    }

    /** For zsh, which can do as bash does: a file that is loaded when the first word of hvm is completed. */
    static String zsh(CommandLine root) {
        return "#compdef hvm\nautoload -Uz bashcompinit && bashcompinit\n\n" + bash(root)
                + "\n[[ ${funcstack[1]:-} != _hvm ]] || _bash_complete -F _hvm_complete\n";
    }

    private static String rules() {
        try (var stream = Completion.class.getResourceAsStream("completion.bash")) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void addCases(List<String> cases, CommandLine command, String path) {
        CommandSpec spec = command.getCommandSpec();
        cases.add("\t'%s') flags='%s' valued='%s' places='%s' inner='%s' ;;"
                .formatted(path, options(spec), valued(spec), places(spec), String.join(" ", commands(command))));
        for (String name : commands(command)) {
            addCases(cases, command.getSubcommands().get(name), path.isEmpty() ? name : path + " " + name);
        }
    }

    private static List<String> commands(CommandLine command) {
        return command.getSubcommands().entrySet().stream()
                .filter(one -> !one.getValue().getCommandSpec().usageMessage().hidden())
                .map(Map.Entry::getKey)
                .toList();
    }

    private static String options(CommandSpec spec) {
        return shown(spec).stream()
                .flatMap(option -> Arrays.stream(option.names()))
                .collect(Collectors.joining(" "));
    }

    private static String valued(CommandSpec spec) {
        return shown(spec).stream()
                .filter(option -> option.arity().max() > 0)
                .flatMap(option -> Arrays.stream(option.names()).map(name -> name + ":" + kind(option)))
                .collect(Collectors.joining(" "));
    }

    private static List<OptionSpec> shown(CommandSpec spec) {
        return spec.options().stream().filter(option -> !option.hidden()).toList();
    }

    private static String places(CommandSpec spec) {
        var places = new ArrayList<String>();
        spec.positionalParameters().forEach(parameter -> {
            String kind = kind(parameter);
            boolean last = parameter.arity().max() > 1;
            places.add(kind + (last && !kind.contains("program") ? "..." : ""));
            if (kind.contains("program")) {
                places.add("file...");
            }
        });
        return String.join(" ", places);
    }

    private static String kind(ArgSpec argument) {
        if (argument.completionCandidates() != null) {
            return "="
                    + StreamSupport.stream(argument.completionCandidates().spliterator(), false)
                            .collect(Collectors.joining(","));
        }
        if (argument instanceof OptionSpec option && option.longestName().equals("--partition")) {
            return "partition-name";
        }
        String label = argument.paramLabel();
        List<String> parts = List.of(label.split("\\|"));
        List<String> words = parts.stream().filter(Completion::isWord).toList();
        List<String> kinds = new ArrayList<>();
        if (!words.isEmpty()) {
            kinds.add("=" + String.join(",", words));
        }
        parts.stream().filter(KINDS::containsKey).map(KINDS::get).forEach(kinds::add);
        return kinds.isEmpty() ? "none" : String.join("+", kinds);
    }

    /** Words to be typed as they are stand in lower case. */
    private static boolean isWord(String part) {
        return part.matches("[a-z-]{2,}") && part.equals(part.toLowerCase(Locale.ROOT));
    }
}
