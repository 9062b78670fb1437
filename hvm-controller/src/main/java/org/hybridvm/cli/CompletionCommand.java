// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import picocli.CommandLine;

/** {@code hvm completion bash|zsh}. */
final class CompletionCommand extends Command {
    CompletionCommand(Context context) {
        super(context, "completion", "Print what makes a shell complete hvm's words");
        parameter("bash|zsh", "1", "The shell.");
        explain(
                "",
                "Commands, options and files are completed, and the VMs, partitions and jobs that are there. The",
                "Debian package has it in place.");
        examples(
                "source <(hvm completion bash)",
                "hvm completion bash > ~/.local/share/bash-completion/completions/hvm",
                "hvm completion zsh > ~/.zfunc/_hvm      a folder of your fpath");
    }

    @Override
    public Integer call() {
        CommandLine all = Hvm.commandLine(context);
        switch (parameter(0)) {
            case "bash" -> context.out().print(Completion.bash(all));
            case "zsh" -> context.out().print(Completion.zsh(all));
            default ->
                throw HvmException.of(ErrorCode.INVALID_REQUEST, "No completion for this shell")
                        .value(parameter(0))
                        .allowed("bash, zsh")
                        .build();
        }
        return OK;
    }
}
