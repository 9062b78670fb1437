// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.guest;

import org.hybridvm.ErrorCode;
import org.hybridvm.HvmException;
import org.hybridvm.job.GuestCommand;
import org.hybridvm.job.JobKey;
import org.hybridvm.job.PartitionKind;
import org.hybridvm.job.RunOption;

/** The frame that begins a job: a command as fields. */
final class ExecFrame {
    private ExecFrame() {}

    /** @throws HvmException if arguments and environment are more than a frame holds */
    static Frame of(JobKey key, GuestCommand command) {
        byte[] payload =
                fields(command).number(FieldTag.RESTARTS, key.restarts()).encode();
        if (payload.length > Frame.MAX_PAYLOAD) {
            throw HvmException.of(ErrorCode.INVALID_REQUEST, "Arguments and environment are too long")
                    .value(payload.length + " bytes")
                    .allowed("at most " + Frame.MAX_PAYLOAD + " bytes")
                    .hint("pass fewer variables (not --env-all), or put arguments into a file")
                    .build();
        }
        return new Frame(FrameType.EXEC, key.job(), payload);
    }

    private static Fields fields(GuestCommand command) {
        var fields = new Fields();
        command.arguments().forEach(argument -> fields.text(FieldTag.ARGUMENT, argument));
        command.environment().forEach(variable -> fields.text(FieldTag.ENVIRONMENT, variable));
        fields.text(FieldTag.DIRECTORY, command.directory());
        fields.number(FieldTag.USER, command.identity().user());
        fields.number(FieldTag.GROUP, command.identity().group());
        command.identity().groups().forEach(group -> fields.number(FieldTag.GROUP_EXTRA, group));
        if (command.kind() == PartitionKind.HRT) {
            fields.text(FieldTag.PARTITION, command.partition())
                    .number(FieldTag.CORES, command.cores())
                    .number(FieldTag.OPTIONS, RunOption.bits(command.options()));
        }
        command.files()
                .ifPresent(files -> fields.text(FieldTag.STDIN_FILE, files.stdin())
                        .text(FieldTag.STDOUT_FILE, files.stdout())
                        .text(FieldTag.STDERR_FILE, files.stderr())
                        .number(FieldTag.APPEND, files.append() ? 1 : 0));
        if (command.memory() > 0) {
            fields.longNumber(FieldTag.MEMORY, command.memory());
        }
        return fields;
    }
}
