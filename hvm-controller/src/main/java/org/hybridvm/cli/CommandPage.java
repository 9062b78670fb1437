// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** A command's manual page: what its help says, in the shape of a page. */
final class CommandPage {
    private final CommandLine command;
    private final CommandSpec spec;
    private final String date;

    CommandPage(CommandLine command, String date) {
        this.command = command;
        this.spec = command.getCommandSpec();
        this.date = date;
    }

    /** {@code hvm-bench-noise}. */
    static String nameOf(CommandLine command) {
        return command.getCommandSpec().qualifiedName("-");
    }

    /** The commands below this one that people call. */
    static List<CommandLine> below(CommandLine command) {
        return command.getSubcommands().values().stream()
                .filter(one -> !one.getCommandSpec().usageMessage().hidden())
                .toList();
    }

    ManPage page() {
        List<String> description = lines(spec.usageMessage().description());
        String summary = description.getFirst();
        var page = new ManPage(
                nameOf(command),
                1,
                date,
                summary.substring(0, 1).toLowerCase(Locale.ROOT) + summary.substring(1, summary.length() - 1));
        synopsis(page);
        page.section("DESCRIPTION").text(List.of(summary)).text(description.subList(1, description.size()));
        commands(page);
        arguments(page);
        if (command.getParent() == null) {
            environment(page);
        }
        exitStatus(page);
        page.section("EXAMPLES").literal(examples());
        return page.seeAlso(related());
    }

    private void synopsis(ManPage page) {
        page.section("SYNOPSIS").macro("Nm " + spec.qualifiedName(" "));
        for (OptionSpec option : spec.options()) {
            if (!option.hidden()) {
                page.macro("Op " + flag(option.longestName()) + value(option, option.longestName()));
            }
        }
        for (PositionalParamSpec parameter : spec.positionalParameters()) {
            page.macro((parameter.required() ? "Ar " : "Op Ar ") + ManPage.word(parameter.paramLabel()));
        }
        if (!below(command).isEmpty()) {
            page.macro("Op Ar COMMAND");
        }
    }

    private void commands(ManPage page) {
        if (below(command).isEmpty()) {
            return;
        }
        page.section("COMMANDS").beginList();
        for (CommandLine one : below(command)) {
            String name = one.getCommandSpec().name();
            page.item(
                    "Cm " + name,
                    lines(one.getCommandSpec().usageMessage().description()).getFirst());
        }
        page.endList();
    }

    private void arguments(ManPage page) {
        page.section("OPTIONS").beginList();
        for (PositionalParamSpec parameter : spec.positionalParameters()) {
            page.item("Ar " + ManPage.word(parameter.paramLabel()), words(parameter));
        }
        for (OptionSpec option : spec.options()) {
            if (!option.hidden()) {
                String names = Arrays.stream(option.names())
                        .map(name -> flag(name) + value(option, name))
                        .collect(Collectors.joining(" , "));
                page.item(names, words(option));
            }
        }
        page.endList();
    }

    /** {@code Fl -vm Ar VM}, or {@code Fl n Ar N}. */
    private static String flag(String name) {
        return "Fl " + name.substring(1).replace("-", "\\-");
    }

    private static String value(OptionSpec option, String name) {
        return option.arity().max() == 0
                ? ""
                : (name.startsWith("--") ? " Ns = Ns Ar " : " Ar ") + ManPage.word(option.paramLabel());
    }

    private static String words(ArgSpec argument) {
        return String.join(" ", lines(argument.description()));
    }

    private static void environment(ManPage page) {
        page.section("ENVIRONMENT")
                .beginList()
                .item(
                        "Ev HVM_HOME",
                        "The state folder of the hvmd to use. Left out: the system's hvmd, if its socket lets you"
                                + " in; else your own, below $XDG_STATE_HOME.")
                .item("Ev HVM_VM", "The VM that hvm run uses if none is named.")
                .item("Ev HVM_DEBUG", "If set, failures of hvm itself are printed with a stack trace.")
                .endList();
    }

    /** Those of hvm run are its program's, which its description tells. */
    private void exitStatus(ManPage page) {
        if (!spec.name().equals("run")) {
            page.section("EXIT STATUS")
                    .text(List.of("0 if it was done, 1 if it was refused (standard error says why and what to do),"
                            + " 2 if the command line makes no sense."));
        }
    }

    private List<String> examples() {
        return lines(spec.usageMessage().footer()).stream()
                .filter(line -> line.startsWith("  "))
                .map(String::strip)
                .toList();
    }

    private List<String> related() {
        var pages = new ArrayList<String>();
        if (command.getParent() != null) {
            pages.add(nameOf(command.getParent()) + "(1)");
        }
        below(command).forEach(one -> pages.add(nameOf(one) + "(1)"));
        pages.add("hvm.layout(5)");
        pages.add("hvmd.yaml(5)");
        pages.add("hvmd(8)");
        return pages;
    }

    /** In some of picocli's texts a percent sign is doubled. */
    private static List<String> lines(String[] texts) {
        return Arrays.stream(texts)
                .flatMap(text -> Arrays.stream(text.replace("%%", "%").split("%n", -1)))
                .toList();
    }
}
