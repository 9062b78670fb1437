// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.function.Function;
import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** The command line: {@code hvm COMMAND ...}. */
public final class Hvm {
    private static final List<Function<Context, Command>> COMMANDS = List.of(
            RunCommand::new,
            LaunchCommand::new,
            ListCommand::new,
            InfoCommand::new,
            JobsCommand::new,
            CancelCommand::new,
            ConsoleCommand::new,
            LogsCommand::new,
            RebootCommand::new,
            DestroyCommand::new,
            BenchCommand::new,
            DoctorCommand::new,
            ValidateCommand::new,
            DaemonCommand::new,
            VersionCommand::new);

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
        return commandLine(context).execute(arguments);
    }

    static CommandLine commandLine(Context context) {
        CommandSpec root = new RootCommand(context).spec();
        for (Function<Context, Command> constructor : COMMANDS) {
            Command command = constructor.apply(context);
            root.addSubcommand(command.spec().name(), command.spec());
        }
        var line = new CommandLine(root)
                .setOut(new PrintWriter(context.out(), true))
                .setErr(new PrintWriter(context.err(), true))
                .setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF))
                .setParameterExceptionHandler((error, words) -> refuseUsage(context, error))
                .setExecutionExceptionHandler((error, command, result) -> refuse(context, error, command));
        line.getSubcommands().get("run").setStopAtPositional(true);
        return line;
    }

    private static int refuseUsage(Context context, CommandLine.ParameterException error) {
        String command = error.getCommandLine().getCommandSpec().qualifiedName();
        String what = error.getMessage().strip();
        context.err().println("hvm: " + (what.endsWith(".") ? what : what + ".") + " Try: " + command + " --help");
        return Command.USAGE;
    }

    private static int refuse(Context context, Exception error, CommandLine command) {
        HvmException refusal = error instanceof HvmException known
                ? known
                : HvmException.of(ErrorCode.INTERNAL, "hvm failed")
                        .value(error.toString())
                        .build();
        context.err().println("hvm: " + refusal.getMessage());
        if (refusal.code() == ErrorCode.INTERNAL && System.getenv("HVM_DEBUG") != null) {
            error.printStackTrace(context.err());
        }
        return command.getCommand() instanceof RunCommand ? RunCommand.statusOf(refusal.code()) : Command.REFUSED;
    }
}
