// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * {@code hvm slurm TOOL ...}: what the commands of Slurm's names in {@code scripts/slurm} call. They take the words that people
 * have in their fingers (Slurm's manual pages sbatch(1), squeue(1), ...), and do what {@code hvm} does. A VM is a node.
 */
final class SlurmTools {
    static final String WORD = "slurm";

    private static final Map<String, Function<Context, Command>> TOOLS = new TreeMap<>(Map.of(
            "sacct", SacctTool::new,
            "sattach", AttachCommand::new,
            "sbatch", SubmitCommand::sbatch,
            "scancel", ScancelTool::new,
            "sinfo", SinfoTool::new,
            "squeue", SqueueTool::new,
            "srun", SrunTool::new,
            "sstat", StatCommand::new));

    private SlurmTools() {}

    /** @param words {@code slurm}, the tool, and its words */
    static int run(Context context, String... words) {
        Function<Context, Command> tool = words.length < 2 ? null : TOOLS.get(words[1]);
        if (tool == null) {
            context.err().println("hvm slurm: which tool? Allowed: " + String.join(", ", TOOLS.keySet()));
            return Command.USAGE;
        }
        var spec = tool.apply(context).spec().name(words[1]);
        return Hvm.line(context, spec)
                .setStopAtPositional(words[1].equals("srun") || words[1].equals("sbatch"))
                .execute(Arrays.copyOfRange(words, 2, words.length));
    }
}
