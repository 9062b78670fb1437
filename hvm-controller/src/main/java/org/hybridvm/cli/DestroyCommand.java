// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.cli;

/** {@code hvm destroy VM}. */
final class DestroyCommand extends Command {
    DestroyCommand(Context context) {
        super(context, "destroy", "Stop a VM at once and remove it");
        parameter("VM", "1", "The VM's name.");
        flag("Even if jobs run on it; they end as NODE_FAIL.", "-f", "--force");
        explain("", "Files below its mounts stay as they are; nothing else of a VM outlives it.");
        examples("hvm destroy demo", "hvm destroy --force demo");
    }

    @Override
    public Integer call() {
        client().delete("/vms/" + Client.segment(parameter(0)) + (isSet("--force") ? "?force=true" : ""));
        return OK;
    }
}
