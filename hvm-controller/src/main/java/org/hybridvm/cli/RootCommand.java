// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

/** {@code hvm} alone: the list of commands. */
final class RootCommand extends Command {
    RootCommand(Context context) {
        super(context, "hvm", "Hybrid virtual machines: Linux and a quiet runtime kernel (HRT) in one VM");
        spec().usageMessage().synopsisSubcommandLabel("COMMAND").commandListHeading("%nCommands:%n");
        explain(
                "",
                "Programs run on dedicated HRT cores; what the HRT kernel does not answer itself is served",
                "by a proxy process in the Linux partition of the same VM.");
        examples(
                "hvm doctor                            what this host lacks, and how to mend it",
                "hvm run -- ./program input.dat        run a program on the HRT",
                "hvm run --linux -- ./program          the same in the Linux partition",
                "hvm launch layouts/demo.yaml          make a VM from a layout",
                "hvm COMMAND --help                    more about a command");
    }

    @Override
    public Integer call() {
        spec().commandLine().usage(context.out());
        return OK;
    }
}
