// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.hybridvm.Json;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * One command of {@code hvm}: what its help says and what it does. Options are declared by picocli's model and not by
 * annotations, because reading annotations is most of what a short command would do.
 */
abstract class Command implements Callable<Integer> {
    static final int OK = 0;

    /** Exit status of a command that hvm itself could not carry out. */
    static final int REFUSED = 1;

    /** Exit status of a command line that makes no sense. */
    static final int USAGE = 2;

    protected final Context context;
    private final CommandSpec spec;

    /** @param summary one line for the list of commands, without a full stop */
    Command(Context context, String name, String summary) {
        this.context = context;
        this.spec = CommandSpec.wrapWithoutInspection(this).name(name);
        spec.usageMessage()
                .description(summary + ".")
                .abbreviateSynopsis(true)
                .sortOptions(false)
                .width(100);
        spec.addOption(OptionSpec.builder("-h", "--help")
                .usageHelp(true)
                .description("Show this help.")
                .build());
    }

    /** Does it; the answer is the exit status. A refusal is an {@link org.hybridvm.HvmException}. */
    @Override
    public abstract Integer call() throws Exception;

    CommandSpec spec() {
        return spec;
    }

    /** Further paragraphs of the description. */
    protected final void explain(String... lines) {
        String[] summary = spec.usageMessage().description();
        var all = new ArrayList<>(List.of(summary));
        all.addAll(List.of(lines));
        spec.usageMessage().description(all.toArray(String[]::new));
    }

    protected final void examples(String... lines) {
        var footer = new ArrayList<String>();
        footer.add("");
        footer.add("Examples:");
        for (String line : lines) {
            footer.add("  " + line);
        }
        spec.usageMessage().footer(footer.toArray(String[]::new));
    }

    /** Leaves {@code -h} to something else, as tools of Slurm's do. */
    protected final void helpByWordOnly() {
        spec.remove(spec.findOption("-h"));
        spec.addOption(OptionSpec.builder("--help")
                .usageHelp(true)
                .description("Show this help.")
                .build());
    }

    /** A command of this command. */
    protected final void subcommand(Command command) {
        spec.addSubcommand(command.spec().name(), command.spec());
    }

    protected final void flag(String description, String... names) {
        spec.addOption(OptionSpec.builder(names[0], tail(names))
                .type(boolean.class)
                .description(description)
                .build());
    }

    /** An option with a value; read by {@link #text} or {@link #number}. */
    protected final void option(Class<?> type, String label, String description, String... names) {
        spec.addOption(OptionSpec.builder(names[0], tail(names))
                .type(type)
                .paramLabel(label)
                .description(description)
                .build());
    }

    /** An option that may be given several times. */
    protected final void repeated(String label, String description, String... names) {
        spec.addOption(OptionSpec.builder(names[0], tail(names))
                .type(List.class)
                .auxiliaryTypes(String.class)
                .paramLabel(label)
                .description(description)
                .build());
    }

    /** @param arity picocli's: {@code "1"}, {@code "0..1"} */
    protected final void parameter(String label, String arity, String description) {
        spec.addPositional(PositionalParamSpec.builder()
                .index(String.valueOf(spec.positionalParameters().size()))
                .arity(arity)
                .required(!arity.startsWith("0"))
                .type(String.class)
                .paramLabel(label)
                .description(description)
                .build());
    }

    /** All words from here on. */
    protected final void rest(String label, String arity, String description) {
        spec.addPositional(PositionalParamSpec.builder()
                .index(spec.positionalParameters().size() + "..*")
                .arity(arity)
                .required(!arity.startsWith("0"))
                .type(List.class)
                .auxiliaryTypes(String.class)
                .paramLabel(label)
                .description(description)
                .build());
    }

    /** {@code -o json}, for commands that print facts. */
    protected final void outputOption() {
        spec.addOption(OptionSpec.builder("-o", "--output")
                .type(OutputFormat.class)
                .paramLabel("FORMAT")
                .defaultValue("text")
                .description("How to print: text (for people) or json (for scripts).")
                .build());
    }

    protected final boolean isSet(String option) {
        return Boolean.TRUE.equals(value(spec.findOption(option)));
    }

    /** The option's value, or null. */
    protected final String text(String option) {
        return value(spec.findOption(option));
    }

    /** The option's value, or null. */
    protected final Integer number(String option) {
        return value(spec.findOption(option));
    }

    /** The option's value, or null. */
    protected final Long longNumber(String option) {
        return value(spec.findOption(option));
    }

    /** The option's value, or null. */
    protected final Double decimal(String option) {
        return value(spec.findOption(option));
    }

    protected final List<String> texts(String option) {
        List<String> values = value(spec.findOption(option));
        return values == null ? List.of() : values;
    }

    /** The positional parameter's value, or null. */
    protected final String parameter(int index) {
        return value(spec.positionalParameters().get(index));
    }

    protected final List<String> rest(int index) {
        List<String> values = value(spec.positionalParameters().get(index));
        return values == null ? List.of() : values;
    }

    protected final boolean wantsJson() {
        OutputFormat format = value(spec.findOption("-o"));
        return format == OutputFormat.json;
    }

    protected final void printJson(Map<String, Object> facts) {
        context.out().println(Json.writePretty(facts));
    }

    protected final Client client() {
        return new Client(Endpoint.of(context));
    }

    private static <T> T value(ArgSpec argument) {
        return argument.getValue();
    }

    private static String[] tail(String[] names) {
        return Arrays.copyOfRange(names, 1, names.length);
    }

    /** Named as people type them. */
    private enum OutputFormat {
        text,
        json
    }
}
