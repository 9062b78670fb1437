// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** The command line: {@code hvm COMMAND ...}. */
public final class Hvm {
    /** In the order of the help. */
    private static final Map<String, Function<Context, Command>> COMMANDS = new LinkedHashMap<>();

    static {
        COMMANDS.put("run", RunCommand::new);
        COMMANDS.put("submit", SubmitCommand::new);
        COMMANDS.put("queue", QueueCommand::new);
        COMMANDS.put("why", WhyCommand::new);
        COMMANDS.put("stat", StatCommand::new);
        COMMANDS.put("attach", AttachCommand::new);
        COMMANDS.put("call", CallCommand::new);
        COMMANDS.put("launch", LaunchCommand::new);
        COMMANDS.put("list", ListCommand::new);
        COMMANDS.put("info", InfoCommand::new);
        COMMANDS.put("jobs", JobsCommand::new);
        COMMANDS.put("acct", AcctCommand::new);
        COMMANDS.put("cancel", CancelCommand::new);
        COMMANDS.put("hold", JobActionCommand::hold);
        COMMANDS.put("release", JobActionCommand::release);
        COMMANDS.put("requeue", JobActionCommand::requeue);
        COMMANDS.put("events", EventsCommand::new);
        COMMANDS.put("top", TopCommand::new);
        COMMANDS.put("metrics", MetricsCommand::new);
        COMMANDS.put("console", ConsoleCommand::new);
        COMMANDS.put("logs", LogsCommand::new);
        COMMANDS.put("reboot", RebootCommand::new);
        COMMANDS.put("dump", DumpCommand::new);
        COMMANDS.put("module", ModuleCommand::new);
        COMMANDS.put("destroy", DestroyCommand::new);
        COMMANDS.put("bench", BenchCommand::new);
        COMMANDS.put("doctor", DoctorCommand::new);
        COMMANDS.put("validate", ValidateCommand::new);
        COMMANDS.put("plan", PlanCommand::new);
        COMMANDS.put("apply", ApplyCommand::new);
        COMMANDS.put("get", GetCommand::new);
        COMMANDS.put("token", TokenCommand::new);
        COMMANDS.put("daemon", DaemonCommand::new);
        COMMANDS.put("completion", CompletionCommand::new);
        COMMANDS.put("complete", CompleteCommand::new);
        COMMANDS.put("version", VersionCommand::new);
    }

    private Hvm() {}

    public static void main(String[] arguments) {
        Context context = Context.ofThisProcess();
        int status;
        try {
            status = run(context, arguments);
        } catch (Throwable failure) { // a thread of ours could keep the JVM alive otherwise
            failure.printStackTrace(context.err());
            status = Command.REFUSED;
        }
        context.out().flush();
        context.err().flush();
        Runtime.getRuntime().halt(status);
    }

    /** Runs one command line; the answer is the exit status. */
    static int run(Context context, String... arguments) {
        if (arguments.length > 0 && arguments[0].equals(SlurmTools.WORD)) {
            return SlurmTools.run(context, arguments);
        }
        return commandLine(context, arguments).execute(arguments);
    }

    /** All commands. */
    static CommandLine commandLine(Context context) {
        return commandLine(context, new String[0]);
    }

    /** Makes only the command that is called, if it is plain which: the others would cost a third of the start. */
    private static CommandLine commandLine(Context context, String[] arguments) {
        CommandSpec root = new RootCommand(context).spec();
        var called = arguments.length == 0 ? null : COMMANDS.get(arguments[0]);
        for (Function<Context, Command> constructor : called == null ? COMMANDS.values() : List.of(called)) {
            CommandSpec spec = constructor.apply(context).spec();
            root.addSubcommand(spec.name(), spec);
        }
        CommandLine line = line(context, root);
        CommandLine run = line.getSubcommands().get("run");
        if (run != null) {
            run.setStopAtPositional(true);
        }
        CommandLine submit = line.getSubcommands().get("submit");
        if (submit != null) {
            submit.setStopAtPositional(true);
        }
        CommandLine call = line.getSubcommands().get("call");
        if (call != null) {
            call.setUnmatchedOptionsArePositionalParams(true); // negative numbers
        }
        return line;
    }

    /** Says what goes wrong in the words of this project. */
    static CommandLine line(Context context, CommandSpec spec) {
        return new CommandLine(spec)
                .setExpandAtFiles(false) // words of programs and functions may begin with @
                .setOut(new PrintWriter(context.out(), true))
                .setErr(new PrintWriter(context.err(), true))
                .setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF))
                .setParameterExceptionHandler((error, words) -> refuseUsage(context, error))
                .setExecutionExceptionHandler((error, command, result) -> refuse(context, error, command));
    }

    private static int refuseUsage(Context context, CommandLine.ParameterException error) {
        String command = error.getCommandLine().getCommandSpec().qualifiedName();
        String what = words(error);
        context.err()
                .println(name(error.getCommandLine()) + ": " + (what.endsWith(".") ? what : what + ".") + " Try: "
                        + command + " --help");
        return Command.USAGE;
    }

    /** A first word that is no command is one that was mistyped, and not one too many. */
    private static String words(CommandLine.ParameterException error) {
        boolean hasCommands = !error.getCommandLine().getSubcommands().isEmpty();
        if (!hasCommands || !(error instanceof CommandLine.UnmatchedArgumentException unmatched)) {
            return error.getMessage().strip();
        }
        return "No such command or option: '" + unmatched.getUnmatched().getFirst() + "'";
    }

    private static String name(CommandLine command) {
        return command.getCommandSpec().root().name();
    }

    private static int refuse(Context context, Exception error, CommandLine command) {
        HvmException refusal = error instanceof HvmException known
                ? known
                : HvmException.of(ErrorCode.INTERNAL, "hvm failed")
                        .value(error.toString())
                        .build();
        context.err().println(name(command) + ": " + refusal.getMessage());
        if (refusal.code() == ErrorCode.INTERNAL && System.getenv("HVM_DEBUG") != null) {
            error.printStackTrace(context.err());
        }
        return command.getCommand() instanceof RunCommand ? RunCommand.statusOf(refusal.code()) : Command.REFUSED;
    }
}
